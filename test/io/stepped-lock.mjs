// A process that locks folders one file operation at a time: it announces each to its parent and waits for permission.
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

let proceed = () => {}
for (const name of ['link', 'open', 'readdir', 'rename', 'rm', 'stat', 'writeFile']) {
  const original = fs[name]
  fs[name] = async (...args) => {
    const permission = new Promise((resolve) => {
      proceed = resolve
    })
    process.send({ before: name })
    await permission
    return await original(...args)
  }
}
syncBuiltinESMExports()
const { lockFolder } = await import(process.argv[2])

let release = async () => {}
process.on('message', async ({ type, folder }) => {
  if (type === 'go') return proceed()
  try {
    if (type === 'lock') release = await lockFolder(folder)
    else await release()
    process.send({ result: 'mine' })
  } catch (error) {
    process.send({ result: error.message })
  }
})
process.send({ result: 'ready' })
