// A refinement beside the file as it is, before anything is applied.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { VirtualDocuments } from "./documents";
import { COMMAND, execute, type Preview, type Refinement } from "./protocol";
import { setContext } from "./statusbar";

interface Shown {
  client: LanguageClient;
  job: number;
  refinements: Refinement[];
  index: number;
  preview: Preview;
  sides: [original: vscode.Uri, refined: vscode.Uri];
}

/** One preview at a time; its refinements are gone through with `next`. */
export class Previews implements vscode.Disposable {
  private shown: Shown | undefined;
  private readonly watch = vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
    if (this.shown && closed.some((tab) => isDiffOf(tab, this.shown?.sides))) {
      this.forget();
    }
  });

  constructor(private readonly documents: VirtualDocuments) {}

  /** Show one of a job's refinements, the best if not told otherwise. */
  async show(
    client: LanguageClient,
    job: number,
    refinements: Refinement[],
    index = 0,
  ): Promise<void> {
    const refinement = refinements[index];
    if (refinement === undefined) {
      return;
    }
    const preview = await execute<Preview>(client, COMMAND.preview, choice(job, refinement));
    const name = vscode.Uri.parse(preview.uri).path.split("/").at(-1) ?? "original.py";
    const sides: Shown["sides"] = [
      this.documents.add(preview.original, name),
      this.documents.add(preview.refined, name),
    ];
    const before = this.shown;
    this.shown = { client, job, refinements, index, preview, sides };
    await setContext("orps.previewing", true);
    await setContext("orps.previewHasNext", refinements.length > 1);
    const line = firstDifference(preview.original, preview.refined);
    const selection = new vscode.Range(line, 0, line, 0);
    const title = `${index + 1} of ${refinements.length}, ${preview.title}`;
    await vscode.commands.executeCommand("vscode.diff", ...sides, title, { selection });
    if (before) {
      await this.close(before);
    }
  }

  async next(): Promise<void> {
    if (this.shown) {
      const { client, job, refinements, index } = this.shown;
      await this.show(client, job, refinements, (index + 1) % refinements.length);
    }
  }

  /** Apply what is shown, and go to the function. */
  async accept(): Promise<void> {
    if (!this.shown) {
      return;
    }
    const { client, job, refinements, index, preview } = this.shown;
    const refinement = refinements[index] as Refinement;
    const uri = vscode.Uri.parse(preview.uri);
    const document = await vscode.workspace.openTextDocument(uri); // the server must know it
    const argument = choice(job, refinement);
    const answer = await execute<{ applied: boolean }>(client, COMMAND.apply, argument);
    if (answer.applied) {
      await this.discard();
      const line = firstDifference(preview.original, preview.refined);
      const selection = new vscode.Range(line, 0, line, 0);
      await vscode.window.showTextDocument(document, { selection });
    }
  }

  /** Close the preview; nothing is applied, and the results stay. */
  async discard(): Promise<void> {
    const shown = this.shown;
    if (shown) {
      this.forget();
      await this.close(shown);
    }
  }

  dispose(): void {
    this.watch.dispose();
  }

  private forget(): void {
    this.shown = undefined;
    void setContext("orps.previewing", false);
  }

  private async close({ sides }: Shown): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(tabs.filter((tab) => isDiffOf(tab, sides)));
    this.documents.forget(...sides);
  }
}

/** How the server's commands name a refinement: ranks may change while a search goes on. */
function choice(job: number, { candidate }: Refinement): object {
  return { job, candidate };
}

function isDiffOf(tab: vscode.Tab, sides: Shown["sides"] | undefined): boolean {
  const { input } = tab;
  return (
    input instanceof vscode.TabInputTextDiff && input.modified.toString() === sides?.[1].toString()
  );
}

function firstDifference(original: string, refined: string): number {
  const lines = refined.split("\n");
  const line = original.split("\n").findIndex((text, index) => text !== lines[index]);
  return Math.max(0, line);
}
