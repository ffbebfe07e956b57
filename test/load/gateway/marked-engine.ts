/** The scripted engine of one host: every word carries the host's mark, and a gate can hold the words back. */
import type { Engine } from '../../../apps/local/engine/engine.ts'
import { openScriptedEngine } from '../../../apps/local/engine/scripted-engine.ts'
import { wordMark } from './word-mark.ts'

export type Gate = ReturnType<typeof makeGate>

export function makeGate() {
  let opened: PromiseWithResolvers<void> | undefined
  return {
    /** Resolves at once while the gate is open. */
    passed: async () => opened?.promise,
    isShut: () => opened !== undefined,
    shut: () => {
      opened ??= Promise.withResolvers<void>()
    },
    open: () => {
      opened?.resolve()
      opened = undefined
    },
  }
}

export function markedEngine(mark: string, gate: Gate): Engine {
  const engine = openScriptedEngine()
  return {
    ...engine,
    prompt: (text) => {
      const prompt = engine.prompt(text)
      return {
        ...prompt,
        generate: async function* (generation) {
          for await (const piece of prompt.generate(generation)) {
            await gate.passed()
            yield { ...piece, text: `${piece.text}${wordMark.of(mark)}` }
          }
        },
      }
    },
  }
}
