#!/bin/sh
# Installs peers into a folder, each with its adapter: install.sh DIR [NAME...]. Needs node
# and npm, or Go, and the registries of both.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo "usage: $0 DIR [NAME...]" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- botkit bottender matterbridge

# Only what the two bridges need; the rest is chat networks nobody asks for here.
tags="nodiscord noharmony noirc nokeybase nomatrix nomattermost nomsteams nomumble nonctalk noslack nosshchat nosteam notelegram novk nowhatsapp nowhatsappmulti noxmpp nozulip"

for name in "$@"; do
  mkdir -p "$dir/$name"
  cd "$dir/$name"
  case $name in
  botkit) packages="botkit@4.15.0 botbuilder-adapter-facebook@1.0.12 request@2.88.2" ;;
  bottender) packages="bottender@1.5.5" ;;
  matterbridge) packages="" ;;
  *) echo "no peer is called $name" >&2; exit 2 ;;
  esac
  if [ -n "$packages" ]; then
    cp "$here/rocketchat.js" .
    echo '{"private": true}' >package.json
    # Their scripts build nothing that is needed, and download programs.
    npm install --ignore-scripts --no-audit --no-fund --save-exact $packages
  else
    printf 'module peer\n\ngo 1.24\n\nrequire github.com/42wim/matterbridge v1.26.0\n' >go.mod
    GOFLAGS=-mod=mod go build -tags "$tags" -o matterbridge github.com/42wim/matterbridge
  fi
  cp "$here/$name"/* .
done
