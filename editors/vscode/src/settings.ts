// What the server is told of the settings (`workspace/configuration`, section `orps`).
import * as vscode from "vscode";
import { selectedInterpreter } from "./python";

const SECTION = "orps";
const OUR_OWN = new Set(["server", "trace", "notifyWhenFinished"]);

/**
 * The settings that the user has set. Defaults are left out: they would hide those of the project's
 * pyproject.toml, which the server lays below the editor's.
 */
export async function serverSettings(resource?: vscode.Uri): Promise<Record<string, unknown>> {
  const configuration = vscode.workspace.getConfiguration(SECTION, resource);
  const all = vscode.workspace.getConfiguration(undefined, resource).get<object>(SECTION) ?? {};
  const settings: Record<string, unknown> = {};
  for (const name of Object.keys(all).filter((name) => !OUR_OWN.has(name))) {
    const scopes = configuration.inspect(name);
    const set = [scopes?.globalValue, scopes?.workspaceValue, scopes?.workspaceFolderValue];
    if (set.some((value) => value !== undefined)) {
      settings[name] = configuration.get(name);
    }
  }
  if (!settings["python"] && vscode.workspace.isTrusted) {
    const selected = await selectedInterpreter(resource);
    if (selected) {
      settings["python"] = selected;
    }
  }
  return settings;
}
