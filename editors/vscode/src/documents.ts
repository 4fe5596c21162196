// Read-only texts that are on no disk: both sides of previews and comparisons.
import * as vscode from "vscode";

export const SCHEME = "orps";

/** Serves texts by address until they are forgotten. */
export class VirtualDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(
    SCHEME,
    this,
  );
  private last = 0;

  /**
   * Give a text an address that ends in `name`: editors take the language from its extension, and
   * show `folder` beside it.
   */
  add(text: string, name: string, folder = ""): vscode.Uri {
    // A slash in it would make two folders of one.
    const path = `${folder && `/${folder.replaceAll("/", "\u2215")}`}/${name}`;
    const uri = vscode.Uri.from({ scheme: SCHEME, authority: `${++this.last}`, path });
    this.texts.set(uri.toString(), text);
    return uri;
  }

  forget(...uris: vscode.Uri[]): void {
    uris.forEach((uri) => this.texts.delete(uri.toString()));
  }

  provideTextDocumentContent(uri: vscode.Uri): string | undefined {
    return this.texts.get(uri.toString());
  }

  dispose(): void {
    this.registration.dispose();
  }
}
