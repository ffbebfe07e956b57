/** Every command there is, in the order of the help. */
import { accountLeaves } from './commands/accounts.ts'
import { chatLeaf } from './commands/chat.ts'
import { completionLeaf } from './commands/completion.ts'
import { customerLeaves } from './commands/customer.ts'
import { explainLeaf } from './commands/explain.ts'
import { fleetLeaves } from './commands/fleet.ts'
import { followingLeaves } from './commands/following.ts'
import { initLeaf } from './commands/init.ts'
import { keyLeaves } from './commands/keys.ts'
import { marketLeaves } from './commands/market.ts'
import { operatorLeaves } from './commands/operators.ts'
import { verifyLeaf } from './commands/proof.ts'
import { spendLeaf } from './commands/spend.ts'
import { steeringLeaves } from './commands/steering.ts'
import type { Leaf } from './leaf.ts'
import type { Group } from './program.ts'

export const leaves: readonly Leaf[] = [
  chatLeaf,
  ...customerLeaves,
  ...followingLeaves,
  verifyLeaf,
  initLeaf,
  ...accountLeaves,
  ...keyLeaves,
  ...operatorLeaves,
  ...fleetLeaves,
  ...marketLeaves,
  ...steeringLeaves,
  explainLeaf,
  spendLeaf,
  completionLeaf(() => ({ leaves, groups })),
]

const customers = 'For customers:'
const operators = 'For operators:'

/** First words, also of commands that are one word. */
export const groups: readonly Group[] = [
  ...[
    'chat',
    'models',
    'balance',
    'usage',
    'key',
    'billing-policy',
    'quote',
    'receipt',
    'cancel',
    'tail',
    'verify',
  ].map((name) => ({ name, about: '', heading: customers })),
  ...Object.entries({
    admin: 'the first owner key',
    accounts: 'customers and their balances',
    'top-up': '',
    refund: '',
    adjust: '',
    adjustments: 'corrections that wait for a second operator',
    keys: "customers' keys",
    operators: "operators' keys",
    nodes: 'machines of the fleet',
    'join-code': 'codes that make a host a node',
    deployments: 'profiles on nodes, and what keeps them from serving',
    payouts: 'what left for nodes',
    catalogue: 'what may be sold, and at which prices',
    references: 'what spot checks compare with',
    'platform-account': 'who pays for benchmarks',
    jobs: 'what one node is told to do',
    rollouts: 'what many nodes are told to do',
    incidents: 'pauses of part of the market',
    spend: '',
    explain: '',
    audit: '',
    'audit-record': '',
  }).map(([name, about]) => ({ name, about, heading: operators })),
]
