/** One good answer of each kind of runtime, for tests that need any; versions are in `surfaces/`. */
export { llamacpp } from './surfaces/llamacpp.ts'
export { lmstudio } from './surfaces/lmstudio.ts'
export { ollama } from './surfaces/ollama.ts'
export { openai } from './surfaces/openai.ts'
export { sglang } from './surfaces/sglang.ts'
export { vllm } from './surfaces/vllm.ts'
