// A workspace that is not trusted, until it is.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const vscode = require("vscode");
const { hand, fixtures } = require("./driver");
const { actions, goTo, message, open, running, servers, until } = require("./support");

module.exports = {
  async "untrusted: the server runs, and offers nothing"() {
    assert.equal(vscode.workspace.isTrusted, false);
    const document = await open("report.py");
    const api = await running();
    assert.equal(api.status.state, "untrusted");
    assert.match(api.statusText, /not trusted/);
    const ours = (await actions(document, "unique")).filter(({ title }) => /ORPS/.test(title));
    assert(ours.every(({ disabled }) => disabled?.reason.includes("untrusted")), JSON.stringify(ours));
  },

  async "untrusted: a search is refused"() {
    const document = await open("report.py");
    goTo(document, "unique");
    const answer = await vscode.commands.executeCommand("orps.client.refine", "optimise");
    assert.equal(answer, undefined);
    await message(/untrusted workspace/);
  },

  async "untrusted: nothing of the workspace ran, and its settings do not count"() {
    assert.equal(fs.existsSync(fixtures.marker), false);
    const configured = vscode.workspace.getConfiguration("orps").get("server.command");
    assert.deepEqual(configured, fixtures.command);
  },

  async "trusted later: the same server goes on"() {
    const document = await open("report.py");
    const before = servers();
    await vscode.commands.executeCommand("workbench.trust.manage");
    await hand("trust");
    await until("trust", () => vscode.workspace.isTrusted);
    const api = await running();
    await until("status", () => api.status.state === "idle");
    await open("report.py");
    await until("actions", async () =>
      (await actions(document, "unique")).some(
        ({ title, disabled }) => title.startsWith("Refine with ORPS: optimise") && !disabled,
      ),
    );
    assert.deepEqual(servers(), before);
  },
};
