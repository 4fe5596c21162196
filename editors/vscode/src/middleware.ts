// What this client changes in the messages between VS Code and the server.
import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { COMMAND } from "./protocol";
import { serverSettings } from "./settings";

export const PREVIEW = "orps.client.preview";

/** Shows what the server answered to one of its commands. */
export type View = (answer: never) => Promise<void>;

/**
 * The server gets what the user has set; its views are ours; where it offers to apply or compare
 * refinements, a preview is offered as well.
 */
export function middleware(views: Partial<Record<string, View>>): Middleware {
  return {
    async executeCommand(command, args, next) {
      try {
        const answer: unknown = await next(command, args);
        await views[command]?.(answer as never);
        return answer;
      } catch {
        return undefined; // the server has shown it, and the log has it
      }
    },
    async provideCodeActions(document, range, context, token, next) {
      const actions = await next(document, range, context, token);
      const offered = actions?.find((action) => isCommand(action, COMMAND.compare));
      const preview = offered && previewAction(offered as vscode.CodeAction);
      return preview ? [...(actions ?? []), preview] : actions;
    },
    async provideCodeLenses(document, token, next) {
      const lenses = await next(document, token);
      return lenses?.flatMap((lens) => {
        const { command } = lens;
        if (command?.command !== COMMAND.compare) {
          return [lens];
        }
        const preview = { title: "Preview", command: PREVIEW, arguments: command.arguments ?? [] };
        return [new vscode.CodeLens(lens.range, preview), lens];
      });
    },
    workspace: {
      async configuration(params) {
        return Promise.all(
          params.items.map(({ scopeUri }) =>
            serverSettings(scopeUri ? vscode.Uri.parse(scopeUri) : undefined),
          ),
        );
      },
    },
  };
}

function isCommand(action: vscode.Command | vscode.CodeAction, command: string): boolean {
  return action instanceof vscode.CodeAction && action.command?.command === command;
}

function previewAction(compare: vscode.CodeAction): vscode.CodeAction {
  const title = compare.title.replace(/^Compare/, "Preview");
  const kind = vscode.CodeActionKind.RefactorRewrite.append("orps.preview");
  const action = new vscode.CodeAction(title, kind);
  action.command = { title, command: PREVIEW, arguments: compare.command?.arguments ?? [] };
  return action;
}
