// VS Code started anew on the project that was left.
const assert = require("node:assert/strict");
const { action, extension, hover, lenses, open, running, until } = require("./support");

module.exports = {
  async "results of the last session are there"() {
    const document = await open("report.py");
    await running();
    const titles = await until("lens", async () => {
      const found = (await lenses(document, "unique")).map(({ title }) => title);
      return found.includes("Apply #1") && found;
    });
    assert.match(titles[0], /refinements, best/);
    assert.match(await hover(document, "unique"), /\| original \| 2\/2 \|/);
    assert((await action(document, "unique", "Apply #1")).edit);
    assert.equal((await extension()).status.state, "idle");
  },
};
