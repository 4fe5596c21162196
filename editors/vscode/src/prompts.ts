// Questions to the user: each is asked until it was answered once, then never again.
import * as vscode from "vscode";

/**
 * Ask, unless the question was dismissed before; returns the chosen answer.
 *
 * Closing the message counts as "no": it stays away, also after a restart.
 */
export async function askOnce(
  memory: vscode.Memento,
  id: string,
  text: string,
  ...answers: string[]
): Promise<string | undefined> {
  const key = `dismissed.${id}`;
  if (memory.get(key)) {
    return undefined;
  }
  const answer = await vscode.window.showInformationMessage(text, ...answers);
  if (answer === undefined) {
    await memory.update(key, true);
  }
  return answer;
}
