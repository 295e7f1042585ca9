// Serves a frontend's reset page on loopback, as well or as badly as a test wants it.

import { startServer } from './loopback-server.ts'

export interface PageAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface PageServer {
  readonly origin: string
  readonly asked: readonly string[]
  stop(): Promise<void>
}

export async function startPage(answer: (path: string) => PageAnswer): Promise<PageServer> {
  const asked: string[] = []
  const { origin, stop } = await startServer(({ url = '' }, response) => {
    asked.push(url)
    const { status = 200, headers = {}, body = '<!doctype html><title>Reset</title>' } = answer(url)
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
  })
  return { origin, asked, stop }
}
