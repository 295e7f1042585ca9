// Mails where the only way out is a proxy.

import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { endProcess } from '../support/rekey-process.ts'
import { startServiceProcess } from '../support/service.ts'
import { createSurroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

test('Resend is asked through the proxy of the environment where Node.js is told to', async () => {
  const surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  const asked: string[] = []
  const proxy = createServer((incoming, outgoing) => {
    asked.push(new URL(incoming.url ?? '').host)
    const { method, headers } = incoming
    const onward = request(incoming.url ?? '', { method, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(outgoing)
    })
    incoming.pipe(onward)
  }).on('connect', ({ url = '' }, socket) => {
    asked.push(url)
    const { hostname, port } = new URL(`http://${url}`)
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const { port } = proxy.address() as AddressInfo
  const service = await startServiceProcess(surroundings, {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: `http://127.0.0.1:${port}`,
    NO_PROXY: '',
  })
  const user = await addUser(surroundings.database.sql)
  await service.mailedLink(user.email)
  expect(new Set(asked)).toEqual(new Set([new URL(surroundings.resend.url).host]))
  expect(await endProcess(service)).toMatchObject({ status: 0 })
  proxy.closeAllConnections()
  proxy.close()
  await surroundings.end()
})
