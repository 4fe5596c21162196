// The server's HTML report in a panel. It needs no script and no request, and gets none.
import * as vscode from "vscode";
import type { Report } from "./protocol";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** One panel, reused for every report. */
export class ReportPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private page = "";
  private readonly watch = vscode.window.onDidChangeActiveColorTheme(() => this.draw());

  async show(report: Report): Promise<void> {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.parse(report.uri));
    this.page = new TextDecoder().decode(bytes);
    this.panel ??= this.create();
    this.panel.title = report.title;
    this.draw();
    this.panel.reveal();
  }

  dispose(): void {
    this.watch.dispose();
    this.panel?.dispose();
  }

  private draw(): void {
    if (this.panel) {
      const dark = [vscode.ColorThemeKind.Dark, vscode.ColorThemeKind.HighContrast];
      const scheme = dark.includes(vscode.window.activeColorTheme.kind) ? "dark" : "light";
      this.panel.webview.html = framed(this.page, scheme);
    }
  }

  private create(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel("orps.report", "ORPS", vscode.ViewColumn.Active, {
      enableScripts: false,
      enableFindWidget: true,
      localResourceRoots: [],
    });
    panel.onDidDispose(() => (this.panel = undefined));
    return panel;
  }
}

/** The page with our content security policy first in its head, and the theme's colours last. */
function framed(page: string, scheme: "light" | "dark"): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  // A browser would go by the system's theme, which need not be the editor's.
  const colours = `<style>:root { color-scheme: ${scheme}; }</style>`;
  return page
    .replace(/<head\b[^>]*>/i, (head) => head + policy)
    .replace(/<\/head>/i, (end) => colours + end);
}
