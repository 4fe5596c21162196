// With the Python extension: its selected interpreter has the server, and nothing else has.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const { action, fixtures, open, running, servers } = require("./support");

module.exports = {
  async "the server runs under the selected interpreter"() {
    const document = await open("report.py");
    await running();
    const [server] = servers();
    const [program] = fs.readFileSync(`/proc/${server}/cmdline`, "utf8").split("\0");
    assert.equal(program, fixtures.selected);
    await action(document, "unique", "Refine with ORPS: optimise");
  },
};
