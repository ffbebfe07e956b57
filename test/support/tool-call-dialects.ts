/** How runtimes have told the pieces of tool calls apart. */
import { choice, type Dialect, ends, named, weather } from './dialect.ts'

const calls = (...pieces: object[]) => choice({ tool_calls: pieces })
const goesOn = (text: string) => ({ function: { arguments: text } })
const time = { name: 'time', arguments: '{"zone":"CET"}' }
const both = { content: '', calls: [weather, time], reason: 'tool_calls' } as const

export const toolCallDialects: readonly Dialect[] = [
  {
    name: 'as OpenAI documents it',
    source: 'OpenAI API reference, chat streaming',
    frames: [
      choice({ role: 'assistant', content: null }),
      calls({ index: 0, id: 'call_a', type: 'function', ...named('weather', '') }),
      calls({ index: 0, ...goesOn('{"city":') }),
      calls({ index: 0, ...goesOn('"Bonn"}') }),
      calls({ index: 1, id: 'call_b', type: 'function', ...named('time', '') }),
      calls({ index: 1, ...goesOn('{"zone":"CET"}') }),
      ends('tool_calls'),
    ],
    means: both,
  },
  {
    name: 'Ollama: no index, a stop at the end',
    source: 'ollama/ollama#7881, #7963',
    frames: [
      choice({
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'call_a', type: 'function', ...named('weather', weather.arguments) }],
      }),
      choice({
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'call_b', type: 'function', ...named('time', time.arguments) }],
      }),
      ends('stop', { role: 'assistant', content: '' }),
    ],
    means: both,
  },
  {
    name: 'index 0 for every call, arguments as a value',
    source: 'BerriAI/litellm#37792',
    frames: [
      calls({ index: 0, id: 'call_a', ...named('weather', { city: 'Bonn' }) }),
      calls({ index: 0, id: 'call_b', ...named('time', { zone: 'CET' }) }),
      ends('stop'),
    ],
    means: both,
  },
  {
    name: 'vLLM: index 0 for every call, an empty id on what goes on',
    source: 'InternLM/lmdeploy#3412',
    frames: [
      calls({ index: 0, id: 'chatcmpl-tool-1', type: 'function', ...named('weather', '') }),
      calls({ index: 0, id: '', type: 'function', ...goesOn('{"city":"Bonn"}') }),
      calls({ index: 0, id: 'chatcmpl-tool-2', type: 'function', ...named('time', '') }),
      calls({ index: 0, id: '', type: 'function', ...goesOn('{"zone":"CET"}') }),
      ends('tool_calls'),
    ],
    means: both,
  },
  {
    name: 'SGLang: index 0 for every call, the id on each piece',
    source: 'InternLM/lmdeploy#3412',
    frames: [
      calls({ index: 0, id: '0', type: 'function', ...named('weather', '') }),
      calls({ index: 0, id: '0', type: 'function', ...goesOn('{"city":"Bonn"}') }),
      calls({ index: 0, id: '1', type: 'function', ...named('time', '') }),
      calls({ index: 0, id: '1', type: 'function', ...goesOn('{"zone":"CET"}') }),
      ends('tool_calls'),
    ],
    means: both,
  },
  {
    name: 'SGLang: the first piece counted by the tools on offer',
    source: 'sgl-project/sglang#6310',
    frames: [
      calls({ index: 3, id: 'call_a', type: 'function', ...named('weather', '') }),
      calls({ index: 0, id: null, ...goesOn('{"city":"Bonn"}') }),
      calls({ index: 1, id: 'call_b', type: 'function', ...named('time', '') }),
      calls({ index: 1, id: null, ...goesOn('{"zone":"CET"}') }),
      ends('tool_calls'),
    ],
    means: both,
  },
  {
    name: 'vLLM, a tool that was named: no type, the name on each piece, no id',
    source: 'vllm-project/vllm#16340; continuedev/continue#5849',
    frames: [
      calls({ index: 0, ...named('weather', '{"city"') }),
      calls({ index: 0, ...named('weather', ':"Bonn"') }),
      calls({ index: 0, ...named('weather', '}') }),
      ends('stop'),
    ],
    means: { content: '', calls: [weather], reason: 'tool_calls' },
  },
  {
    name: 'a new id on each piece',
    source:
      'vllm-project/vllm, protocol.py of 2024: DeltaToolCall makes an id wherever it has none',
    frames: [
      calls({ index: 0, id: 'chatcmpl-tool-1', ...named('weather', '{"city"') }),
      calls({ index: 0, id: 'chatcmpl-tool-2', ...named('weather', ':"Bonn"}') }),
      calls({ index: 1, id: 'chatcmpl-tool-3', ...named('time', '{"zone"') }),
      calls({ index: 1, id: 'chatcmpl-tool-4', ...goesOn(':"CET"}') }),
      ends('tool_calls'),
    ],
    means: both,
  },
  {
    name: 'arguments before the name',
    source: 'vercel/ai#14722',
    frames: [
      calls({ index: 0, id: 'call_a', type: 'function', ...goesOn('') }),
      calls({ index: 0, ...goesOn('{"city":') }),
      calls({ index: 0, ...named('weather', '"Bonn"}') }),
      ends('tool_calls'),
    ],
    means: { content: '', calls: [weather], reason: 'tool_calls' },
  },
  {
    name: 'vMLX and vLLM: an empty name first',
    source: 'jjang-ai/vmlx#244; vercel/ai#16507',
    frames: [
      calls({ index: 0, id: 'call_a', type: 'function', ...named('', '') }),
      calls({ index: 0, id: 'call_a', ...named('weather', weather.arguments) }),
      ends('tool_calls'),
    ],
    means: { content: '', calls: [weather], reason: 'tool_calls' },
  },
  {
    name: 'neither index nor id, twice the same tool',
    source: 'ollama/ollama#7881; BerriAI/litellm#37792',
    frames: [
      calls(named('weather', { city: 'Bonn' }), named('weather', { city: 'Rome' })),
      ends('stop'),
    ],
    means: {
      content: '',
      calls: [weather, { name: 'weather', arguments: '{"city":"Rome"}' }],
      reason: 'tool_calls',
    },
  },
]
