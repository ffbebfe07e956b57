// What the gateway must not be: it works on, or tells somebody, after its answer, breaks off in the middle of one, and repeats what
// it was told.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'

const routes = {
  '/healthz': (_request, response) => response.end('ok'),
  '/late': (_request, response) => {
    response.end('done')
    setInterval(() => appendFileSync(process.env.LATE_FILE, 'x'), 5)
  },
  '/told': (_request, response) => {
    response.end('done')
    fetch(process.env.TOLD_URL, { method: 'POST' })
  },
  '/broken': (_request, response) => {
    response.write('half of it')
    setTimeout(() => response.destroy(), 50)
  },
  '/url': (request, response) => response.end(request.url),
  '/context': (request, response) => response.end(request.headers['x-amzn-request-context']),
}

createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://server')
  const [, first] = pathname.split('/')
  routes[`/${first}`](request, response)
}).listen(Number(process.env.AWS_LWA_PORT), '127.0.0.1')
