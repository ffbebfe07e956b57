/**
 * Nominal memory bandwidth of GPUs by the name that the driver reports. Figures are the makers' own, as
 * stated in NVIDIA's product pages and architecture white papers (Ampere, Ada, Hopper, Blackwell)
 * and in AMD's Instinct and Radeon data sheets, rounded to whole GB/s.
 */

/** Longest match wins, so that a Ti is not taken for its plain sister. */
const gigabytesPerSecond: Readonly<Record<string, number>> = {
  'rtx 3060': 360,
  'rtx 3060 ti': 448,
  'rtx 3070': 448,
  'rtx 3070 ti': 608,
  'rtx 3080': 760,
  'rtx 3080 ti': 912,
  'rtx 3090': 936,
  'rtx 3090 ti': 1008,
  'rtx 4060': 272,
  'rtx 4060 ti': 288,
  'rtx 4070': 504,
  'rtx 4070 super': 504,
  'rtx 4070 ti': 504,
  'rtx 4070 ti super': 672,
  'rtx 4080': 717,
  'rtx 4080 super': 736,
  'rtx 4090': 1008,
  'rtx 5060 ti': 448,
  'rtx 5070': 672,
  'rtx 5070 ti': 896,
  'rtx 5080': 960,
  'rtx 5090': 1792,
  'rtx a4000': 448,
  'rtx a5000': 768,
  'rtx a6000': 768,
  'rtx 6000 ada': 960,
  'tesla t4': 320,
  'tesla v100': 900,
  a10: 600,
  a10g: 600,
  a40: 696,
  'a100-sxm4-40gb': 1555,
  'a100-pcie-40gb': 1555,
  'a100-sxm4-80gb': 2039,
  'a100 80gb pcie': 1935,
  l4: 300,
  l40: 864,
  l40s: 864,
  'h100 pcie': 2000,
  'h100 80gb hbm3': 3350,
  'h100 nvl': 3938,
  h200: 4800,
  b200: 8000,
  'rx 7900 xt': 800,
  'rx 7900 xtx': 960,
  mi210: 1638,
  mi250: 3277,
  mi300x: 5300,
}

const names = Object.keys(gigabytesPerSecond).sort((one, other) => other.length - one.length)

/** Bytes per second; undefined for a GPU that the table does not know. */
export function memoryBandwidthOf(gpuName: string): number | undefined {
  const words = ` ${gpuName.toLowerCase()} `
  const name = names.find((one) => words.includes(` ${one} `))
  const known = name === undefined ? undefined : gigabytesPerSecond[name]
  return known === undefined ? undefined : known * 1e9
}
