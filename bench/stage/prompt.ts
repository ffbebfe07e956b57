/** What every request of a bench asks, so that all of them send the same bytes. */

const sentence = 'Tell me a story. '

/** Two kilobytes: about 500 tokens at the four bytes a token that the bench's models are priced by. */
export const promptTokens = 500
const prompt = sentence.repeat(Math.ceil((promptTokens * 4) / sentence.length))

/** A chat request for any OpenAI-compatible endpoint. */
export const chatBody = (model: string, isStream: boolean): string =>
  JSON.stringify({ model, stream: isStream, messages: [{ role: 'user', content: prompt }] })
