// PouchDB on both ends, for bench/pouchdb.py.
//   node pouchdb.js serve FOLDER        express-pouchdb on LevelDB; prints its address
//   node pouchdb.js push FOLDER URL     one line of standard input for each sender: a JSON array of records.
// Every sender's records are put into a LevelDB of its own first; then all replicate at once, 500 documents a batch,
// and the seconds that took are printed.
const [, , act, folder, url] = process.argv
const PouchDB = require('pouchdb').defaults({ prefix: folder + '/' })

async function serve() {
  const app = require('express')()
  app.use('/', require('express-pouchdb')(PouchDB, { logPath: folder + '/log.txt', configPath: folder + '/config.json' }))
  const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
}

async function push() {
  const lines = require('fs').readFileSync(0, 'utf8').trim().split('\n').map(line => JSON.parse(line))
  const senders = []
  for (const [number, records] of lines.entries()) {
    const here = new PouchDB(`sender-${number}`)
    await here.bulkDocs(records.map(record => ({ _id: String(record.seq).padStart(16, '0'), record })))
    const there = new PouchDB(`${url}/book-${number}`)
    await there.info()
    senders.push([here, there])
  }
  const before = process.cpuUsage()
  const began = process.hrtime.bigint()
  await Promise.all(senders.map(([here, there]) => here.replicate.to(there, { batch_size: 500, batches_limit: 10 })))
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  const used = process.cpuUsage(before)
  const held = await Promise.all(senders.map(([, there]) => there.info().then(info => info.doc_count)))
  console.log(JSON.stringify({ seconds, cpu: (used.user + used.system) / 1e6, held }))
}

(act === 'serve' ? serve : push)()
