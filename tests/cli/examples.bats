#!/usr/bin/env bats
# Every example of the manual is run. The rules for those who write pages:
#
# - Examples stand in the EXAMPLES section of man/*.1 and anywhere in man/lep.7,
#   in literal blocks: .Bd -literal ... .Ed. Prose goes between the blocks.
# - All blocks of one page are one script for `sh -eu`, run from top to bottom in
#   a folder of their own: a later block may use what an earlier one made. Every
#   command must succeed; one that is to fail says so (`|| true`, `|| echo $?`).
# - Where lines of a block begin with "$ ", only these are run (and lines that
#   begin with "> ", which continue them); the others show what is printed.
# - In the folder lie  train/ and test/   pictures of digits, a folder a class
#                      train.tar test.tar the same as archives
#                      train.lept         lep-preprocess --gray train
#                      digits.lepm        trained on it with `digits`
#                      test.lept          lep-preprocess --like digits.lepm test
#                      predictions.lept   lep-infer of test.lept
#                      digits.net         the description of `digits`
#   all small: a training of a few epochs takes a second and reaches an accuracy
#   of about 0.95, so that examples should require no more than 0.8.
# - A comment `.\" not run: REASON` on the line before .Bd keeps a block from
#   being run, for what a test cannot have: a network, a terminal, an hour.
# - README.md: what stands between ```sh and ``` is run by the same rules, with
#   the programs already built; blocks of other kinds (```console, ```) are not.
# - The input is empty (/dev/null); what is printed is not compared.

setup_file() {
  top=$BATS_TEST_DIRNAME/../..
  export top
  cd "$BATS_FILE_TMPDIR" || return
  "$BUILD/tests/tools/mkdigits" scratch 1000 200 || return
  cd scratch || return
  tar -cf train.tar train && tar -cf test.tar test || return
  if ! { lep-preprocess --gray -o train.lept train &&
    lep-train -q -n digits -e 4 -o digits.lepm train.lept &&
    lep-preprocess --like digits.lepm -o test.lept test &&
    lep-infer -m digits.lepm -o predictions.lept test.lept &&
    lep-train -n digits --print >digits.net; } 2>../prepare.err; then
    rm -f predictions.lept
  fi
}

prepared() {
  [ -s "$BATS_FILE_TMPDIR/scratch/predictions.lept" ] ||
    skip "no input: $(head -n 1 "$BATS_FILE_TMPDIR/prepare.err")"
}

# The literal blocks of a page, of one section or of all (""), as plain text,
# each begun by a line #@ FILE:LINE.
page_blocks() {
  awk -v want="$2" '
    /^\.Sh / { section = $0; sub(/^\.Sh +/, "", section); gsub(/"/, "", section) }
    /^\.\\" not run:/ { skip = 1; next }
    /^\.Bd .*-literal/ { inside = !skip && (want == "" || section == want); skip = 0
      if (inside) print "#@ " FILENAME ":" FNR; next }
    /^\.Ed/ { inside = 0; next }
    inside && !/^\./ { print }
  ' "$1" | sed -e 's/\\&//g; s/\\-/-/g; s/\\(aq/'\''/g; s/\\(dq/"/g; s/\\(ti/~/g; s/\\(ha/^/g; s/\\(ga/`/g' \
    -e 's/\\(rs/\\/g; s/\\e/\\/g'
}

readme_blocks() {
  awk '/^```sh *$/ { inside = 1; print "#@ README.md:" FNR; next }
    /^```/ { inside = 0; next }
    inside' "$1"
}

# Blocks with prompts keep only what stands behind them.
commands() {
  awk 'function flush() { for (i = 1; i <= n; i++)
        if (!prompts) print line[i]
        else if (line[i] ~ /^(\$|>) /) print substr(line[i], 3)
      n = 0; prompts = 0 }
    /^#@ / { flush(); print; next }
    { line[++n] = $0; if (/^\$ /) prompts = 1 }
    END { flush() }'
}

# run_script NAME: standard input is the script; in a copy of the folder.
run_script() {
  local dir=$BATS_TEST_TMPDIR/$1 rc=0
  cp -r "$BATS_FILE_TMPDIR/scratch" "$dir"
  commands >"$dir.sh"
  [ -s "$dir.sh" ] || return 0
  (cd "$dir" && sh -eux "$dir.sh" >"$dir.out" 2>"$dir.err" </dev/null) || rc=$?
  if [ "$rc" -ne 0 ]; then
    echo "$1: exit status $rc; the last lines:"
    tail -n 8 "$dir.err"
    return 1
  fi
}

@test "examples of the programs' pages" {
  prepared
  bad=0
  for page in "$top"/man/*.1; do
    [ -f "$page" ] || skip "no pages"
    page_blocks "$page" EXAMPLES | run_script "$(basename "$page")" || bad=1
    page_blocks "$page" EXAMPLES | grep -q . || { echo "$page: no example"; bad=1; }
  done
  [ "$bad" -eq 0 ]
}

@test "the tutorial, lep(7)" {
  prepared
  [ -f "$top/man/lep.7" ] || skip "no page"
  page_blocks "$top/man/lep.7" "" | run_script lep.7
}

@test "the tour in README.md" {
  prepared
  [ -f "$top/README.md" ] || skip "no README.md"
  readme_blocks "$top/README.md" | run_script README.md
}

@test "a block that is not run says why" {
  run grep -nE '^\.\\" not run: *$' "$top"/man/*
  [ "$status" -ne 0 ]
}

@test "the reading of blocks itself" {
  cd "$BATS_TEST_TMPDIR"
  cat >page <<'END'
.Sh EXAMPLES
.Bd -literal -offset indent
echo \(aqa\e\en\(aq
.Ed
Prose.
.\" not run: it never ends
.Bd -literal
sleep 999
.Ed
.Bd -literal
$ echo b \e
>   c
b c
.Ed
.Sh DIAGNOSTICS
.Bd -literal
false
.Ed
END
  [ "$(page_blocks page EXAMPLES | commands | grep -v '^#@')" = $'echo \'a\\\\n\'\necho b \\\n  c' ]
}
