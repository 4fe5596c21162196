// All refinements of a function, each beside the original.
import * as vscode from "vscode";
import type { VirtualDocuments } from "./documents";
import type { Comparison } from "./protocol";

type Row = [label: vscode.Uri, original: vscode.Uri, refined: vscode.Uri];

/** Shows comparisons in VS Code's editor of many diffs. */
export class Comparisons {
  private rows: Row[] = [];

  constructor(private readonly documents: VirtualDocuments) {}

  async show(comparison: Comparison): Promise<void> {
    this.documents.forget(...this.rows.flat());
    this.rows = comparison.refinements.map(({ rank, summary, code }) => {
      const side = (text: string) =>
        this.documents.add(withNewline(text), `${comparison.function}.py`, `#${rank}: ${summary}`);
      return [side(""), side(comparison.original), side(code)];
    });
    await vscode.commands.executeCommand("vscode.changes", comparison.title, this.rows);
  }
}

/** So that no side differs by its end alone. */
function withNewline(text: string): string {
  return `${text.trimEnd()}\n`;
}
