// A trusted workspace, from the first start to a crash. The tests follow one another.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const vscode = require("vscode");
const { hand, fixtures } = require("./driver");
const support = require("./support");

const { action, actions, activeDiff, choose, closeAll, goTo, hover, lenses } = support;
const { message, notifications, open, refine, running, script, servers, set, until, uriOf } = support;

const ORIGINAL = fs.readFileSync(uriOf("report.py").fsPath, "utf8");
const FAST = "return list(dict.fromkeys(items))";
const { scripts } = fixtures;

module.exports = {
  async "activation: a Python file starts the server"() {
    const before = vscode.extensions.getExtension("orps-lsp.orps-lsp");
    assert(before);
    await open("report.py");
    await until("activation", () => before.isActive);
    const api = await running();
    assert.match(api.statusText, /ORPS: ready/);
    assert.equal(api.status.engine, "scripted");
  },

  async "status bar: state, model or engine, sandbox"() {
    const shown = async () => (await hand("statusBar")).find((text) => /ORPS: ready, /.test(text));
    assert.match(await until("the status bar", shown), /scripted, .*(sandbox|bubblewrap|landlock)/);
  },

  async "every command of the palette is there"() {
    const { contributes } = vscode.extensions.getExtension("orps-lsp.orps-lsp").packageJSON;
    const known = new Set(await vscode.commands.getCommands());
    const missing = contributes.commands.map(({ command }) => command).filter((id) => !known.has(id));
    assert.deepEqual(missing, []);
    assert(contributes.commands.length > 10);
  },

  async "code actions: three intents, none where no function is"() {
    const document = await open("report.py");
    const titles = (await actions(document, "unique")).map(({ title }) => title);
    for (const intent of ["optimise", "simplify", "fix"]) {
      assert(titles.includes(`Refine with ORPS: ${intent} \`unique\``), titles.join());
    }
    const found = await vscode.commands.executeCommand(
      "vscode.executeCodeActionProvider",
      document.uri,
      new vscode.Range(2, 0, 2, 0),
    );
    const there = found.filter(({ title }) => title.startsWith("Refine with ORPS"));
    assert(there.every(({ disabled }) => disabled));
  },

  async "code lens: Refine above a function nothing is known of"() {
    const document = await open("report.py");
    const [lens] = await until("lens", async () => {
      const found = await lenses(document, "total");
      return found.length && found;
    });
    assert.equal(lens.command, "orps.refine");
  },

  async "start, progress and cancel of two searches"() {
    const document = await open("report.py");
    const api = await running();
    await script(scripts.slow, 8, 3);
    const heard = [];
    const listening = api.onDidProgress((news) => heard.push(news));
    const ended = [];
    const ending = api.onDidFinish((news) => ended.push(news));
    goTo(document, "unique");
    const first = await vscode.commands.executeCommand("orps.client.refine", "optimise");
    goTo(document, "total");
    const second = await vscode.commands.executeCommand("orps.client.refine", "simplify");
    assert.deepEqual([first.position, second.position], [0, 1]);
    await until("progress", () => heard.some((news) => news.function === "unique"));
    const [running_] = await until("lens of the search", async () => {
      const found = await lenses(document, "unique");
      return found.some(({ title }) => title === "Cancel") && found;
    });
    assert.match(running_.title, /^ORPS: /);
    const waits = async () => (await lenses(document, "total")).map(({ title }) => title).join();
    await until("lens of the waiting one", async () => /waiting for 1/.test(await waits()));
    await until("status", () => api.status.state === "refining" && api.status.waiting === 1);
    assert.match(api.statusText, /refining/);
    // Of several, the window shows the last.
    const bar = async () => (await hand("statusBar")).find((text) => /Refining total: /.test(text));
    await until("progress in the window", bar);
    assert.match(await hover(document, "unique"), /is refining/);
    await choose(await action(document, "unique", "Cancel refining"));
    await vscode.commands.executeCommand("orps.client.cancel");
    await until("both end", () => ended.length === 2);
    await until("idle again", () => api.status.state === "idle");
    [listening, ending].forEach((each) => each.dispose());
  },

  async "early result: the best so far is applied while the search goes on"() {
    const document = await open("report.py");
    const api = await running();
    await script(scripts.early, 12, 3);
    goTo(document, "unique");
    const ended = new Promise((resolve) => {
      const listening = api.onDidFinish((news) => resolve((listening.dispose(), news)));
    });
    await vscode.commands.executeCommand("orps.client.refine", "optimise");
    await choose(await action(document, "unique", "Apply now"));
    await until("the edit", () => document.getText().includes(FAST));
    assert.equal((await ended).function, "unique");
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), ORIGINAL);
  },

  async "a search to its end: lens, message and hover tell of it"() {
    const document = await open("report.py");
    const news = await refine(document, "unique", scripts.unique);
    assert.equal(news.state, "done");
    assert(news.refinements.length >= 2, JSON.stringify(news));
    const titles = await until("lens", async () => {
      const found = (await lenses(document, "unique")).map(({ title }) => title);
      return found.includes("Apply #1") && found;
    });
    assert.match(titles[0], /refinements, best .*2\/2 tests/);
    assert(titles.includes("Preview") && titles.includes("Compare"), titles.join());
    const page = await hover(document, "unique");
    assert.match(page, /\| original \| 2\/2 \|/);
    assert.match(page, /linear/);
    await message(/refinements of `?unique/);
  },

  async "preview: a diff from which one goes on, discards or accepts; undo"() {
    const document = await open("report.py");
    goTo(document, "unique");
    await vscode.commands.executeCommand("orps.client.preview");
    const first = await until("a diff", activeDiff);
    const side = async (uri) => (await vscode.workspace.openTextDocument(uri)).getText();
    assert.equal(await side(first.original), ORIGINAL);
    const best = await side(first.modified);
    assert.notEqual(best, ORIGINAL);
    assert.equal(document.getText(), ORIGINAL, "a preview changes nothing");
    await vscode.commands.executeCommand("orps.client.next");
    const second = await until("the next one", () => {
      const diff = activeDiff();
      return diff && diff.modified.toString() !== first.modified.toString() && diff;
    });
    assert.notEqual(await side(second.modified), best);
    await vscode.commands.executeCommand("orps.client.discard");
    await until("no diff", () => !activeDiff());
    assert.equal(document.getText(), ORIGINAL);
    await open("report.py");
    goTo(document, "unique");
    await vscode.commands.executeCommand("orps.client.preview");
    const again = await until("a diff", activeDiff);
    assert.equal(await side(again.modified), best);
    await vscode.commands.executeCommand("orps.client.accept");
    assert.equal(document.getText(), best);
    await until("the editor", () => vscode.window.activeTextEditor?.document === document);
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), ORIGINAL);
  },

  async "apply by code action, and undo in one step"() {
    const document = await open("report.py");
    const best = await action(document, "unique", "Apply #1");
    assert(best.isPreferred);
    await choose(best);
    const changed = document.getText();
    assert.notEqual(changed, ORIGINAL);
    assert(changed.endsWith(ORIGINAL.slice(ORIGINAL.indexOf("def total"))), "the rest stays");
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), ORIGINAL);
  },

  async "compare: every refinement beside the original"() {
    const document = await open("report.py");
    await choose(await action(document, "unique", "Compare"));
    await until("the editor of diffs", () =>
      /unique/.test(vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? "") &&
      vscode.window.tabGroups.activeTabGroup.activeTab.input?.constructor !== vscode.TabInputText,
    );
    const ours = () => vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === "orps");
    await until("its texts", () => ours().some((each) => each.getText().includes(FAST)));
    await closeAll();
  },

  async "report: a panel with the server's page"() {
    const document = await open("report.py");
    await choose(await action(document, "unique", "Show the report"));
    const input = () => vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    await until("the panel", () => input() instanceof vscode.TabInputWebview);
    await closeAll();
  },

  async "settings: a change is in force at once"() {
    const document = await open("report.py");
    await set({ "orps.code_lens": "results" });
    await until("none without results", async () => (await lenses(document, "total")).length === 0);
    assert.notEqual((await lenses(document, "unique")).length, 0);
    await set({ "orps.code_lens": null });
    await until("all again", async () => (await lenses(document, "total")).length > 0);
  },

  async "CRLF and astral characters survive"() {
    const document = await open("flags.py");
    const before = document.getText();
    assert.equal(document.eol, vscode.EndOfLine.CRLF);
    await refine(document, "later", scripts.later);
    await choose(await action(document, "later", "Apply #1"));
    const lines = before.split("\r\n");
    const start = lines.findIndex((line) => line.startsWith("def later"));
    const after = document.getText();
    assert.equal(after.replaceAll("\r\n", "").includes("\n"), false, "only CRLF");
    assert.deepEqual(after.split("\r\n").slice(0, start), lines.slice(0, start));
    assert.match(after, /reversed\(lines\) if line\.startswith\("\u{1f3f3}"\)/u);
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), before);
  },

  async "model picker: the catalogue, with size and licence"() {
    const before = vscode.workspace.getConfiguration("orps").get("model");
    const choosing = vscode.commands.executeCommand("orps.client.model");
    const rows = await hand("quickPick");
    assert(rows.some((row) => /qwen2\.5-coder-0\.5b.*licence Apache-2\.0/s.test(row)), rows.join());
    await vscode.commands.executeCommand("workbench.action.closeQuickOpen");
    await choosing;
    assert.equal(vscode.workspace.getConfiguration("orps").get("model"), before);
  },

  async "restart: another process, and the results are back"() {
    const document = await open("report.py");
    const [before] = servers();
    await vscode.commands.executeCommand("orps.client.restart");
    await running();
    const [after] = servers();
    assert.notEqual(after, before);
    await action(document, "unique", "Apply #1");
  },

  async "a crash: said once, started again, results are back"() {
    const document = await open("report.py");
    const api = await running();
    for (const round of [1, 2]) {
      const [victim] = servers();
      process.kill(victim, "SIGKILL");
      await until(`server ${round} anew`, () => {
        const now = servers();
        return now.length === 1 && now[0] !== victim && api.life === "running";
      });
      await action(document, "unique", "Apply #1");
    }
    const texts = await notifications();
    assert.equal(texts.filter((text) => /ended unexpectedly/.test(text)).length, 1, texts.join());
  },
};
