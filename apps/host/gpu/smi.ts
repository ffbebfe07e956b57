/** nvidia-smi, which prints what the driver of NVIDIA's cards knows. */
import { makeProgram, type Program } from '../bounded-program.ts'

const timeoutMs = 3_000

export type Smi = Program

/** Both are replaced in tests only. */
export const makeSmi = (command = 'nvidia-smi', limitMs = timeoutMs): Smi =>
  makeProgram(command, limitMs)
