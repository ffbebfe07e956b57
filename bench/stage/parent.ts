/** The other side of a child: reads what the parent sends, answers, and ends with it. */

/** `begin` gets the first message, and what it returns greets; each later one goes to `answer`. */
export function serveParent<Reply extends object>(
  begin: (setup: unknown) => Promise<{
    readonly greeting: object
    readonly answer: (order: unknown) => Reply | Promise<Reply>
  }>,
): void {
  process.once('disconnect', () => process.exit(0))
  // Ctrl-C reaches the whole group of processes; the parent ends its own.
  process.on('SIGINT', () => undefined)
  process.once('message', async (setup) => {
    const { greeting, answer } = await begin(setup)
    process.on('message', async (order) => process.send?.(await answer(order)))
    process.send?.(greeting)
  })
}
