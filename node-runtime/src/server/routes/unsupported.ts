// Routes of merod whose feature this node does not have: each answers 501 with the feature's name. The docs list them.
import { Type } from 'typebox'
import { ServerError } from '../errors.ts'
import { NoBody, NoFields, type Permission, type Route, route } from '../routing/route.ts'
import { DASHBOARD_URLS } from './legacy/dashboard.ts'

interface Lacking {
  readonly feature: string
  readonly method: Route['method']
  readonly url: string
  readonly permission?: Permission
}

const QUOTES = 'a verifier of real quotes of trusted execution environments (TEE)'
const DEVICES = 'several devices of one account'
const CHAIN = 'contracts of an external chain (NEAR)'
const PROXY_STATE = `${CHAIN}: a context has no proxy contract`

const ENVIRONMENT = 'a real trusted execution environment'
const NO_MOCK = 'no mock of one configured'
const SPECIALIZED = 'specialised nodes: nodes are invited as members'

export const LACKING: readonly Lacking[] = [
  { feature: QUOTES, method: 'POST', url: '/admin-api/tee/verify-quote' },
  { feature: DEVICES, method: 'POST', url: '/admin-api/namespaces/:ns/account/pair-init' },
  { feature: DEVICES, method: 'POST', url: '/admin-api/namespaces/:ns/account/pair-complete' },
  { feature: DEVICES, method: 'POST', url: '/admin-api/namespaces/:ns/account/revoke' },
  { feature: PROXY_STATE, method: 'GET', url: '/admin-api/contexts/:id/proxy-contract' },
  {
    feature: SPECIALIZED,
    method: 'POST',
    url: '/admin-api/contexts/invite-specialized-node',
    permission: 'context:invite',
  },
]

interface LackingPart {
  readonly feature: string
  readonly route: string
  /** What is asked of it there. */
  readonly of: string
}

/** Of routes that are served: what they answer 501 to. */
export const LACKING_PARTS: readonly LackingPart[] = [
  {
    feature: ENVIRONMENT,
    route: 'GET /admin-api/tee/info',
    of: NO_MOCK,
  },
  {
    feature: ENVIRONMENT,
    route: 'POST /admin-api/tee/attest',
    of: NO_MOCK,
  },
  {
    feature: ENVIRONMENT,
    route: 'POST /admin-api/tee/fleet-join',
    of: NO_MOCK,
  },
  ...DASHBOARD_URLS.map((url) => ({
    feature: 'the admin dashboard, and tokens in the query of an address where `answer_in_query` does not allow them',
    route: `GET ${url}`,
    of: 'anything but a `callback_url` that is allowed',
  })),
  ...['grant', 'revoke'].map((what) => ({
    feature: PROXY_STATE,
    route: `POST /admin-api/contexts/:id/capabilities/${what}`,
    of: 'the capability `Proxy`',
  })),
  {
    feature: 'ids of groups that clients choose',
    route: 'POST /admin-api/groups',
    of: '`groupId`',
  },
  {
    feature: 'member keys that a client brings: a node has one, in every context',
    route: 'POST /admin-api/contexts',
    of: '`identitySecret`',
  },
  {
    feature: 'another application for one context: it runs what its group does',
    route: 'POST /admin-api/contexts/:id/application',
    of: 'an application that it does not run',
  },
]

export const unsupportedRoutes: readonly Route[] = LACKING.map(({ feature, method, url, permission = 'admin' }) => {
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  return route({
    method,
    url,
    summary: `Not served: ${feature}`,
    permission,
    params: Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()]))),
    query: NoFields,
    body: NoBody,
    failures: [501],
    handle: async () => {
      throw new ServerError('NOT_IMPLEMENTED', `this node does not have ${feature}`)
    },
  })
})
