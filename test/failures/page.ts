/**
 * docs/failures.md: the numbers stand in the code and the tables come from the runs of matrix.test.ts, so
 * that the page cannot say what does not happen.
 */
import { attemptTimers } from '../../src/dispatch/attempt.ts'
import { firstPingMs } from '../../src/gateway/answer-stream.ts'
import { malformedFramesMax } from '../../src/protocol/host-frames.ts'
import { limits } from '../../src/protocol/limits.ts'
import { failuresMax } from '../../src/routing/breaker.ts'
import type { Ending } from './ending.ts'
import type { FailureName } from './failing-hosts.ts'
import { invariants } from './invariants.ts'
import type { Cell } from './run-cell.ts'

export const failuresPageFile = new URL('../../docs/failures.md', import.meta.url)

type Ended = { readonly cell: Cell; readonly ending: Ending }

export function failuresPage(runs: readonly Ended[]): string {
  const names = [...new Set(runs.map(({ cell }) => cell.failure))]
  return `# When a host fails

<!-- Written by the runs of test/failures/matrix.test.ts, by test/failures/page.ts: edit that one, then
UPDATE_DOCS=1 npx vitest run --project parts test/failures/matrix.test.ts -->

Hosts belong to strangers: they hang, lie, and lose power in the middle of a word. This page says what a
client sees of it, who pays and who is blamed. Its tables are what came of ${runs.length} requests over real HTTP to real
hosts that fail: each failure streamed and whole, with one host, two and three, and with waits of a tenth where
one is waited for. Every run of the tests makes them anew and compares.

## How a request moves on

A request has up to ${limits.candidatesPerRequest} candidates and asks them one after the other. Until *first content* (a word, a
tool call, a refusal; not a role, not a ping) nothing of a host is shown, so the next one can take over unseen: under the
same hold, at the price that was pinned for it, by a ticket of its own. In a stream, this host's answer is the answer from
first content on. An answer that is given as one object is shown when it is whole: of a host that breaks off before that
nobody has seen a word, and the next one answers from the beginning. Two hosts are never joined into one text.

Hosts are always asked to stream, and nothing is read of one before its signed proof is in its headers. A
malformed frame is skipped; more than ${malformedFramesMax} of them are an error.

| Wait | at most | what it ends |
|---|---|---|
| connect | ${seconds(attemptTimers.connectTimeoutMs)} | the attempt: the next host |
| headers | ${seconds(attemptTimers.headersTimeoutMs)} from the dial | the attempt: the next host |
| first content | ${seconds(attemptTimers.firstContentTimeoutMs)} from the headers, however many empty frames come; longer for prompts above 8,192 tokens, by 0.5 ms for each, up to 120 s | the attempt: the next host |
| between events | ${seconds(attemptTimers.betweenEventsTimeoutMs)}, anew with each event | a stream: an error. One object: the next host |
| claim | ${seconds(attemptTimers.afterEndTimeoutMs)} after the last word | nothing: our count is billed |
| deadline | 300 s, or what \`X-B3IQ-Deadline-Seconds\` asks; less 15 s to settle, a fifth where it is short | the answer: \`length\`, or 504 where there was no content |

A stream that has shown nothing for ${seconds(firstPingMs)} gets its headers and a \`: ping\`, and another one every 10 s.
That commits status 200, but not to a host: others still take over. When all of them fail then, the error comes as
one chunk with the status it would have had in \`error.status\`. At the deadline the host that answers is told first,
and has 1.5 s to sign for what it delivered.

## What is never tried again

- A stream whose first content was shown. What was delivered is paid for; the error names the receipt.
- A request that no host was asked for: refused by its key, its balance, a limit, or by its body.
- A request that was cancelled, or whose deadline is over, however many candidates are left.
- A fourth host. A host that answered 409, because its route is newer than the pool, is asked once more by its
  newer route; that is no attempt of its own.

By then it is the client's turn. \`x-should-retry\` is on every error reply, and \`retryable\` in every error object: true
where nothing was billed; false where a part was, so that no SDK pays for a second answer unasked, and where every host
rejected the request itself. Whoever asked for one whole object pays for a whole one, or for what the deadline or a
cancel left of it; an error costs nothing there. A client that must not pay twice sends an \`Idempotency-Key\`.

\`Retry-After\` is there where a time is known: with \`capacity_exhausted\` the seconds until one of the hosts' slots is
likely to be free, by their measured speeds, from 1 to ${limits.retryAfterSec}; with \`no_eligible_host\` 15.

When several hosts failed in different ways, the most telling way wins: \`capacity_exhausted\` when all were busy,
else \`upstream_timeout\` when one of them was too slow, else \`upstream_error\`. Hosts that reject the request tell
something only when all do: then it is 400 \`invalid_value\`.

## What a client reads

*Alone*: no other host is left. *Others left*: one sound host, or two; both come to the same. \`X-B3IQ-Retries\` is 0, or
1 where the next host answered; after pings it is in the last chunk alone.

| A host that … | streamed, alone | whole, alone | streamed, others left | whole, others left |
|---|---|---|---|---|
${names.map((name) => readRow(name, endingsOf(runs, name))).join('\n')}

## Who pays, who earns, who is blamed

What is billed is the host's signed claim of tokens where our count of what was relayed bears it out, and our count where it
does not or where there is no genuine claim. A host that earns gets its share of exactly that charge. *Attempt* is
the word of the receipt, *breaker* whether the failure is counted against the host there, *reputation* what the host's
record keeps of it. The rows are of streams. Of one whole object nothing is paid for what a host broke off, its attempt is \`cut\`
or \`timed_out\`, and so is what its record keeps.

| A host that … | attempt | breaker | reputation | customer pays, alone | customer pays, others left | earns |
|---|---|---|---|---|---|---|
${names.map((name) => blameRow(name, endingsOf(runs, name))).join('\n')}

## The breaker

One for each profile of each node, on the item that is read beside every hold, so that all gateways see the
same. ${failuresMax} failures within 60 s open it: for 30 s, then twice as long each time in a row, 10 min at most. An open one is not
dialled; a client whom it leaves without a host is told \`queue_unhealthy\` in \`availability.excluded_by\`.

Then it is half-open: one request at a time is its trial, asked before hosts without blame, because behind them it
would never prove itself, and waiting 10 s at most for content before they take over. The other requests pass it by. A trial that
is served closes the breaker, one that fails opens it for longer. Times are absolute, and after an hour without news it
is forgotten, so that none stays open by itself.

## What holds in every run

Each line is a test over all ${runs.length} runs ([invariants.ts](../test/failures/invariants.ts)).

${Object.keys(invariants)
  .map((sentence) => `- ${sentence}`)
  .join('\n')}
- No rejection goes unheard.

What the OpenAI SDK makes of it: [sdk.test.ts](../test/failures/sdk.test.ts). Several failing hosts in one request:
[every-host-fails.test.ts](../test/failures/every-host-fails.test.ts). The breaker, end to end:
[breakers.test.ts](../test/failures/breakers.test.ts). Failures of the gateway and of its tables are in [ledger.md](ledger.md).
`
}

const seconds = (durationMs: number): string => `${durationMs / 1_000} s`

type Endings = Readonly<Record<'alone' | 'others', Readonly<Record<'streamed' | 'whole', Ending>>>>

function endingsOf(runs: readonly Ended[], failure: FailureName): Endings {
  const endingOf = (hosts: number, streamed: boolean): Ending => {
    const run = runs.find(
      ({ cell }) => cell.failure === failure && cell.hosts === hosts && cell.streamed === streamed,
    )
    if (run === undefined) throw new Error(`there is no run of a host that ${failure}`)
    return run.ending
  }
  const both = (hosts: number) => ({
    streamed: endingOf(hosts, true),
    whole: endingOf(hosts, false),
  })
  return { alone: both(1), others: both(2) }
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const code = (word: string): string => `\`${word}\``

function readRow(failure: FailureName, { alone, others }: Endings): string {
  const all = [alone.streamed, alone.whole, others.streamed, others.whole]
  return row([failure, ...all.map(({ client }) => client)])
}

function blameRow(failure: FailureName, { alone, others }: Endings): string {
  const { attempts, reputation, pays } = alone.streamed
  const { earns } = others.streamed
  const words = [...new Set([alone.streamed.breaker, others.streamed.breaker])]
  const breaker = words.join('; with others: ')
  const toWhom = alone.streamed.earns === earns ? earns : `${earns}, if there is one`
  const marks = reputation.map(code).join(', ') || 'nothing'
  const blame = [code(attempts[0] ?? ''), breaker, marks]
  return row([failure, ...blame, pays, others.streamed.pays, toWhom])
}
