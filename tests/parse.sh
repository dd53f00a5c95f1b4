#!/bin/sh
# Lets a compiler check a file and generate nothing: its code is generated and run in another compiler's build.
# Usage: parse.sh COMPILER ARGUMENT...    the object, which a build tool waits for, is an empty file
"$@" -fsyntax-only || exit
while [ $# -gt 1 ]; do
    if [ "$1" = -o ]; then : >"$2"; exit; fi
    shift
done
