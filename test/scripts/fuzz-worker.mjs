// In place of scripts/fuzz/worker.ts: crashes at input 2 and hangs at input 5.
import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const { work, from, to } = JSON.parse(process.argv[2])
const current = openSync(join(work, 'current'), 'w')
process.send({ targets: ['a'] }, () => {
  for (let number = from; number < to; number++) {
    writeSync(current, JSON.stringify({ number, target: 'a' }).padEnd(200), 0)
    if (number === 2) process.abort()
    for (; number === 5; );
  }
  process.send({ done: to, counts: { a: to - from } }, () => process.exit(0))
})
