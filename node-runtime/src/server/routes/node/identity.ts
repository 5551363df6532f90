// Who this node is, and fresh key pairs for clients that want one.
import { idBase58 } from '../../../base/ids.ts'
import { NoBody, NoFields, type Route, route } from '../../route.ts'

export const identityRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/identity',
    summary: 'Account, device and keys of this node',
    permission: 'namespace:list',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => {
      const { publicKey } = node.identity
      return {
        data: {
          accountId: node.account,
          deviceId: publicKey,
          publicKey: idBase58(publicKey),
          accountRootPublicKey: publicKey,
        },
      }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/identity/context',
    summary: 'Make a key pair; the private key stays on the node',
    permission: 'context:execute',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => ({ data: { publicKey: idBase58(await node.identities.create()) } }),
  }),
]
