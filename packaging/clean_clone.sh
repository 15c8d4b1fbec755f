#!/usr/bin/env bash
# Clones this repository into a temporary folder and runs `make quick` there with an empty home, set-up included.
# What was not committed is not in the clone.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone -q . "$folder/overread"
mkdir "$folder/home"
cd "$folder/overread"
HOME=$folder/home make quick
