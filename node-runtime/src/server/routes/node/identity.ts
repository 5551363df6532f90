// Who this node is, and fresh key pairs for clients that want one.
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { Base58, Hex32 } from '../../formats/shapes.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'

export const identityRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/identity',
    summary: 'Account, device and keys of this node',
    permission: 'namespace:list',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ accountId: Hex32, deviceId: Hex32, publicKey: Base58, accountRootPublicKey: Hex32 })),
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
    response: Data(Type.Object({ publicKey: Base58 })),
    handle: async ({ node }) => ({ data: { publicKey: idBase58(await node.identities.create()) } }),
  }),
]
