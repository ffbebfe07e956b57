/** A server of which no more is known than that it speaks the protocol. */
export const openai = {
  '/v1/models': { object: 'list', data: [{ id: 'some model', object: 'model' }] },
}
