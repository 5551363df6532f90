/** Whether what is sent to this host stays on this machine. `hostname`: as in a URL, an IPv6 address in brackets. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
}
