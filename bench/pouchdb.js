// PouchDB on both ends, for bench/pouchdb.py.
//   node pouchdb.js serve FOLDER        express-pouchdb on LevelDB; prints its address
//   node pouchdb.js push FOLDER URL PID one line of standard input for each sender: a JSON array of records.
// Every sender's records are put into a LevelDB of its own first, and the first 500 of them are replicated; then all
// replicate the rest at once, 500 documents a batch. Printed are the seconds that took, the CPU seconds here, and the
// clock ticks of the server, whose process is PID.
const [, , act, folder, url, pid] = process.argv
const fs = require('fs')
const PouchDB = require('pouchdb').defaults({ prefix: folder + '/' })

async function serve() {
  const app = require('express')()
  app.use('/', require('express-pouchdb')(PouchDB, { logPath: folder + '/log.txt', configPath: folder + '/config.json' }))
  const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
}

function ticks() {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function push() {
  const lines = fs.readFileSync(0, 'utf8').trim().split('\n').map(line => JSON.parse(line))
  const senders = []
  for (const [number, records] of lines.entries()) {
    const here = new PouchDB(`sender-${number}`)
    const docs = records.map(record => ({ _id: String(record.seq).padStart(16, '0'), record }))
    const there = new PouchDB(`${url}/book-${number}`)
    await here.bulkDocs(docs.slice(0, 500))
    await here.replicate.to(there, { batch_size: 500 })
    await here.bulkDocs(docs.slice(500))
    senders.push([here, there])
  }
  const [before, ticked] = [process.cpuUsage(), ticks()]
  const began = process.hrtime.bigint()
  await Promise.all(senders.map(([here, there]) => here.replicate.to(there, { batch_size: 500, batches_limit: 10 })))
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  const [used, server] = [process.cpuUsage(before), ticks() - ticked]
  const held = await Promise.all(senders.map(([, there]) => there.info().then(info => info.doc_count)))
  console.log(JSON.stringify({ seconds, cpu: (used.user + used.system) / 1e6, server, held }))
}

(act === 'serve' ? serve : push)()
