// docs/reference/http.md from the route declarations.
import { ROUTES } from '../../node-runtime/src/server/api.ts'

export async function routesPage(): Promise<string> {
  const rows = [...ROUTES]
    .sort((a, b) => (a.url === b.url ? a.method.localeCompare(b.method) : a.url.localeCompare(b.url)))
    .map(({ method, url, summary }) => `| \`${method} ${url}\` | ${summary} |`)
  return [
    '# HTTP routes of a node',
    '',
    'Generated from the declarations in `node-runtime/src/server/routes`; do not edit.',
    '',
    'Ids of contexts, applications, blobs and public keys are base58; ids of namespaces, groups and accounts are 64 hex',
    'characters. Errors are `{"error": "…"}` with the status that fits.',
    '',
    'Requests whose Host is neither an IP address nor localhost, and those of web pages (Origin) that are not of this',
    'machine, are refused with 403. Query parameters that a route does not know are ignored.',
    '',
    '| route | what it does |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
