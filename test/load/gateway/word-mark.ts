/** How a host signs each of its words, so that a reply of two hosts gives itself away. */
export const wordMark = {
  of: (mark: string): string => `~${mark}`,
  bytes: 2,
  pattern: /~(.)/g,
} as const
