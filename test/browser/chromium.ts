import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Without anything that asks the network. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  })
}

/** Serves files by their paths, and a page with the script `/page.js` for all others. */
export async function serve(
  files: Readonly<Record<string, () => Uint8Array>>,
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript')
    else if (!file) response.setHeader('content-type', 'text/html')
    response.end(file ? file() : '<body><script type="module" src="/page.js"></script></body>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}
