/** How runtimes have written text, reasoning, the end of an answer and its usage. */
import { choice, type Dialect, ends, named, weather } from './dialect.ts'

const hello = { content: 'Hello', reason: 'stop' } as const

const texts: readonly Dialect[] = [
  {
    name: 'vLLM since 0.19, LM Studio: reasoning',
    source: 'strands-agents/harness-sdk#2191; vllm-project/vllm#27752',
    frames: [
      choice({ role: 'assistant', content: '' }),
      choice({ reasoning: 'Hm.' }),
      choice({ content: 'Hello' }),
      ends('stop'),
    ],
    means: { ...hello, reasoning: 'Hm.' },
  },
  {
    name: 'Ollama: reasoning beside an empty content',
    source: 'dirac-run/dirac#227',
    frames: [
      choice({ role: 'assistant', content: '', reasoning: 'Hm.' }),
      choice({ content: 'Hello' }),
      ends('stop'),
    ],
    means: { ...hello, reasoning: 'Hm.' },
  },
  {
    name: 'vLLM between versions: both names for the same reasoning',
    source: 'vllm-project/vllm#34030',
    frames: [
      choice({ reasoning: 'Hm.', reasoning_content: 'Hm.' }),
      choice({ content: 'Hello' }),
      ends('stop'),
    ],
    means: { ...hello, reasoning: 'Hm.' },
  },
  {
    name: 'SGLang: every member null, words of its own',
    source: 'sgl-project/sglang#9657',
    frames: [
      choice(
        { role: 'assistant', content: null, reasoning_content: null, tool_calls: null },
        { logprobs: null, matched_stop: null },
      ),
      choice({ role: null, content: null, reasoning_content: 'Hm.', tool_calls: null }),
      choice({ role: null, content: 'Hello', reasoning_content: null, tool_calls: null }),
      { ...ends('stop'), usage: null },
    ],
    means: { ...hello, reasoning: 'Hm.' },
  },
  {
    name: 'delta: null, and a role of its own',
    source: 'none: made up',
    frames: [
      choice({ role: 'model', content: 'Hel' }),
      choice({ role: '', content: 'lo' }),
      choice(null, { finish_reason: 'stop' }),
    ],
    means: hello,
  },
  {
    name: 'text instead of a delta',
    source: 'OpenAI API reference, legacy completions',
    frames: [{ choices: [{ text: 'Hel' }] }, { choices: [{ text: 'lo', finish_reason: 'stop' }] }],
    means: hello,
  },
  {
    name: 'a message instead of a delta',
    source: 'none: made up',
    frames: [
      { choices: [{ message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }] },
    ],
    means: hello,
  },
  {
    name: 'one document, though a stream was asked for',
    source: 'BerriAI/litellm#12481; earendil-works/pi#1125',
    frames: {
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Hello',
            tool_calls: [
              { id: 'call_a', type: 'function', ...named('weather', weather.arguments) },
            ],
          },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    },
    means: {
      content: 'Hello',
      calls: [weather],
      reason: 'tool_calls',
      usage: { prompt: 9, cached_prompt: 0, completion: 3 },
    },
  },
  {
    name: 'an end without any content',
    source: 'none: made up',
    frames: [choice({ role: 'assistant', content: '' }), ends('stop')],
    means: { content: '', reason: 'stop' },
  },
  {
    name: 'no blank line between events',
    source: 'none: made up',
    frames: [choice({ content: 'Hel' }), choice({ content: 'lo' }), ends('stop')],
    between: '\n',
    means: hello,
  },
]

const reasons: readonly Dialect[] = [
  ...(
    [
      ['eos', 'stop'],
      ['eos_token', 'stop'],
      ['end_turn', 'stop'],
      ['COMPLETE', 'stop'],
      ['function_call', 'stop'],
      ['max_tokens', 'length'],
      ['max_new_tokens', 'length'],
      ['model_length', 'length'],
      ['length', 'length'],
      ['content_filter', 'content_filter'],
    ] as const
  ).map(([word, reason]) => ({
    name: `an end called ${word}`,
    source: 'BerriAI/litellm#12481; Hugging Face TGI, Anthropic and Cohere API references',
    frames: [choice({ content: 'Hello' }), ends(word)],
    means: { content: 'Hello', reason },
  })),
  {
    name: 'Ollama in May 2024: an empty reason on each frame',
    source: 'ollama/ollama#4357; sgl-project/sglang#3912',
    frames: [
      choice({ content: 'Hel' }, { finish_reason: '' }),
      choice({ content: 'lo' }, { finish_reason: '' }),
      ends('stop'),
    ],
    means: hello,
  },
  {
    name: 'GenieX: an empty reason to the end',
    source: 'qualcomm/GenieX#1243',
    frames: [choice({ content: 'Hello' }, { finish_reason: '' }), ends('')],
    means: hello,
  },
  {
    name: 'an empty reason behind the real one',
    source: 'none: made up',
    frames: [choice({ content: 'Hello' }), ends('length'), ends('')],
    means: { content: 'Hello', reason: 'length' },
  },
  {
    name: 'given up by its engine, then an empty reason',
    source: 'none: made up',
    frames: [choice({ content: 'Hel' }), ends('abort'), ends('')],
    means: { content: 'Hel', reason: undefined },
  },
  {
    name: 'vLLM: given up by its engine, then the end mark',
    source: 'vllm-project/vllm#57082; sgl-project/sglang#6693',
    frames: [choice({ content: 'Hel' }), ends('abort')],
    means: { content: 'Hel', reason: undefined },
  },
]

const counted = (prompt: number, completion: number, rest: object = {}) => ({
  usage: { prompt_tokens: prompt, completion_tokens: completion, ...rest },
})
const usages: readonly Dialect[] = [
  {
    name: 'vLLM, SGLang: running usage on each frame',
    source: 'vLLM and dynamo docs, continuous_usage_stats',
    frames: [
      { ...choice({ role: 'assistant', content: '' }), ...counted(9, 0) },
      { ...choice({ content: 'Hel' }), ...counted(9, 1) },
      { ...choice({ content: 'lo' }), ...counted(9, 2) },
      { ...ends('stop'), ...counted(9, 3, { prompt_tokens_details: null }) },
      { choices: [], ...counted(9, 3, { prompt_tokens_details: { cached_tokens: 4 } }) },
    ],
    means: { ...hello, usage: { prompt: 9, cached_prompt: 4, completion: 3 } },
  },
  {
    name: 'LocalAI: zeros and nulls after a number',
    source: 'mudler/LocalAI#1194; router-for-me/CLIProxyAPI#3077',
    frames: [
      { ...choice({ content: 'Hello' }), ...counted(9, 3) },
      { ...ends('stop'), ...counted(0, 0) },
      { choices: [], usage: { prompt_tokens: null, completion_tokens: null } },
      { choices: [], usage: null },
    ],
    means: { ...hello, usage: { prompt: 9, cached_prompt: 0, completion: 3 } },
  },
  {
    name: 'llama.cpp: usage on the last frame, what was cached among its timings',
    source: 'ggml-org/llama.cpp#15443, #15827, #16048',
    frames: [
      choice({ role: 'assistant', content: null }),
      choice({ content: 'Hello' }),
      {
        ...ends('stop'),
        ...counted(237, 3),
        timings: { cache_n: 230, prompt_n: 7, predicted_n: 3 },
      },
    ],
    means: { ...hello, usage: { prompt: 237, cached_prompt: 230, completion: 3 } },
  },
  {
    name: 'DeepSeek: cache hits beside the counts',
    source: 'DeepSeek API reference, usage',
    frames: [
      choice({ content: 'Hello' }),
      { ...ends('stop'), ...counted(9, 3, { prompt_cache_hit_tokens: 8 }) },
    ],
    means: { ...hello, usage: { prompt: 9, cached_prompt: 8, completion: 3 } },
  },
  {
    name: 'usage in the words of the Responses API',
    source: 'OpenAI API reference, responses',
    frames: [
      choice({ content: 'Hello' }),
      {
        ...ends('stop'),
        usage: { input_tokens: 9, output_tokens: 3, input_tokens_details: { cached_tokens: 2 } },
      },
    ],
    means: { ...hello, usage: { prompt: 9, cached_prompt: 2, completion: 3 } },
  },
]

export const answerDialects: readonly Dialect[] = [...texts, ...reasons, ...usages]
