#!/usr/bin/env bats
# What every program must do, whatever it is for. A new program needs one arm in
# call() below; without one these tests fail and say so.

# call PROGRAM: into args, what the program needs besides its input, so that it
# would succeed on $good, an input of its kind. Skips where the other programs
# that make the input are not there.
call() {
  good=$work/predictions.lept
  case $1 in
  lep-preprocess) args=(--gray) good=$work/pictures.tar ;;
  lep-train) args=(-q -n mlp -e 1) good=$work/train.lept ;;
  lep-infer) args=(-m "$work/model.lepm") good=$work/train.lept ;;
  lep-cat) args=() good=$work/train.lept ;;
  lep-eval) args=() ;;
  lep-fuse) args=("$work/train.lept") good=$work/train.lept ;;
  lep-plot) args=(predictions) ;;
  *)
    echo "$1: say in tests/cli/sweep.bats how it is called" >&2
    return 1
    ;;
  esac
  [ -s "$good" ] || skip "$1: no input: $(head -n 1 "$work/prepare.err")"
}

setup_file() {
  work=$BATS_FILE_TMPDIR
  export work
  programs=$(cd "$BUILD/bin" && echo lep-*)
  export programs
  cd "$work" || return
  "$BUILD/tests/tools/mkdigits" . 100 20 || return
  tar -cf pictures.tar -C train .
  lep-preprocess --gray -o train.lept train 2>prepare.err &&
    lep-train -q -n mlp -e 1 -o model.lepm train.lept 2>>prepare.err &&
    lep-infer -m model.lepm -o predictions.lept train.lept 2>>prepare.err || true
  : >empty
}

setup() {
  cd "$BATS_TEST_TMPDIR"
}

# capture COMMAND...: status, the files out and err; standard input is empty.
capture() {
  status=0
  "$@" >out 2>err </dev/null || status=$?
}

# expect_failure PROGRAM STATUS: no signal, one line that begins with the name
expect_failure() {
  echo "$1: exit status $status, stderr: $(cat err)"
  [ "$status" -eq "$2" ]
  [ "$(wc -l <err)" -eq 1 ]
  [[ $(cat err) == "$1: "* ]]
}

@test "--help goes to stdout, exit 0" {
  for p in $programs; do
    capture "$p" --help
    echo "$p: $status"
    [ "$status" -eq 0 ]
    [ ! -s err ]
    [[ $(head -n 1 out) == "Usage: $p "* ]]
    capture "$p" -h
    [ "$status" -eq 0 ]
    [ -s out ]
    # fits a terminal
    if grep -nE '^.{81}' out; then false; fi
  done
}

@test "--version is one line" {
  for p in $programs; do
    capture "$p" --version
    echo "$p: $status"
    [ "$status" -eq 0 ]
    [ ! -s err ]
    [[ $(cat out) =~ ^$p\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  done
}

@test "--help and --version notice a full disk and a closed stdout" {
  for p in $programs; do
    for what in --help --version; do
      status=0
      "$p" $what >/dev/full 2>err || status=$?
      expect_failure "$p" 1
      status=0
      "$p" $what >&- 2>err || status=$?
      expect_failure "$p" 1
    done
  done
}

@test "an unknown option is two lines, exit 2" {
  for p in $programs; do
    for bad in --no-such-option --no-such-option=1 --hel; do
      capture "$p" $bad
      echo "$p: $status: $(cat err)"
      [ "$status" -eq 2 ]
      [ ! -s out ]
      [ "$(wc -l <err)" -eq 2 ]
      [ "$(head -n 1 err)" = "$p: unknown option '${bad%=1}'" ]
      [ "$(tail -n 1 err)" = "Try '$p --help'." ]
    done
  done
}

@test "the good input is good" {
  for p in $programs; do
    call "$p"
    capture "$p" "${args[@]}" "$good"
    echo "$p: $status: $(cat err)"
    [ "$status" -eq 0 ]
    [ -s out ]
    mv out first
    status=0
    "$p" "${args[@]}" - <"$good" >out 2>err || status=$?
    echo "$p -: $status: $(cat err)"
    [ "$status" -eq 0 ]
    cmp first out
  done
}

@test "a closed standard output is a failure" {
  for p in $programs; do
    call "$p"
    status=0
    "$p" "${args[@]}" "$good" >&- 2>err </dev/null || status=$?
    expect_failure "$p" 1
  done
}

@test "a full disk is a failure" {
  for p in $programs; do
    call "$p"
    status=0
    "$p" "${args[@]}" "$good" >/dev/full 2>err </dev/null || status=$?
    expect_failure "$p" 1
    grep -q 'No space left on device' err
  done
}

@test "a reader that has gone kills quietly" {
  for p in $programs; do
    [ "$p" != lep-train ] || continue # it ignores SIGPIPE: lost talk stops no training
    call "$p"
    mkfifo pipe
    (
      : <pipe &
      exec 3>pipe
      wait $!
      status=0
      "$p" "${args[@]}" "$good" >&3 2>err </dev/null || status=$?
      echo $status >status
    )
    echo "$p: $(cat status): $(cat err)"
    [ "$(cat status)" -eq 141 ]
    [ ! -s err ]
    rm -f pipe
  done
}

@test "empty input is a failure of one line" {
  for p in $programs; do
    call "$p"
    capture "$p" "${args[@]}" "$work/empty"
    expect_failure "$p" 1
    capture "$p" "${args[@]}" -
    expect_failure "$p" 1
  done
}

@test "a file that does not exist is named" {
  for p in $programs; do
    call "$p"
    capture "$p" "${args[@]}" nowhere
    expect_failure "$p" 1
    grep -q 'nowhere: No such file or directory' err
  done
}

@test "a directory for a file is a failure of one line" {
  mkdir folder
  for p in $programs; do
    call "$p"
    if [ "$p" != lep-preprocess ]; then # to which a folder is input
      capture "$p" "${args[@]}" folder
      expect_failure "$p" 1
    fi
    status=0
    "$p" "${args[@]}" - <folder >out 2>err || status=$?
    expect_failure "$p" 1
    capture "$p" "${args[@]}" -o folder "$good"
    expect_failure "$p" 1
  done
}

@test "truncated input is a failure of one line, wherever the cut" {
  for p in $programs; do
    call "$p"
    size=$(stat -c %s "$good")
    for cut in 1 63 64 $((size / 2)) $((size - 1)); do
      # The end of a tar archive is two empty blocks: a cut there cuts nothing.
      [ "$p" != lep-preprocess ] || [ "$cut" -le $((size / 2)) ] || continue
      head -c "$cut" "$good" >cut
      capture "$p" "${args[@]}" cut
      echo "cut at $cut"
      expect_failure "$p" 1
      status=0
      "$p" "${args[@]}" - <cut >out 2>err || status=$?
      expect_failure "$p" 1
    done
  done
}

@test "-o: the file appears whole, or not at all" {
  for p in $programs; do
    call "$p"
    rm -rf into && mkdir into
    capture "$p" "${args[@]}" -o into/file "$good"
    echo "$p: $status: $(cat err)"
    [ "$status" -eq 0 ]
    [ ! -s out ]
    [ "$(ls -A into)" = file ]
    rm into/file
    head -c $(($(stat -c %s "$good") / 2)) "$good" >cut
    capture "$p" "${args[@]}" -o into/file cut
    echo "$p: $status, left: $(ls -A into)"
    [ "$status" -eq 1 ]
    [ -z "$(ls -A into)" ]
    capture "$p" "${args[@]}" -o nowhere/file "$good"
    expect_failure "$p" 1
  done
}

# The options as --help shows them: "o output" or "- seed" a line.
help_options() {
  "$1" --help | sed -nE 's/^  -(.), --([a-z0-9-]+).*/\1 \2/p; s/^      --([a-z0-9-]+).*/- \1/p' | sort
}

# The same from the list items of a page: .It Fl o , Fl -output Ns = Ns Ar file
page_options() {
  sed -nE '/^\.It .*Fl/p' "$1" | sed -E 's/\\-/-/g' |
    awk '{
      # A letter belongs to the long option that follows it.
      short = "-"
      for (i = 2; i < NF; i++) {
        if ($i != "Fl") continue
        f = $(i + 1)
        if (f ~ /^-/) { sub(/^-/, "", f); sub(/=.*/, "", f); print short, f; short = "-" }
        else short = f
      }
      if (short != "-") print short, "(none)"
    }' | sort
}

@test "options in the table and in the manual are the same" {
  for p in $programs; do
    page=$BATS_TEST_DIRNAME/../../man/$p.1
    echo "$p: man/$p.1"
    [ -f "$page" ]
    help_options "$p" >table
    page_options "$page" >page
    diff table page
  done
}

@test "the pages of programs have all their sections" {
  for p in $programs; do
    page=$BATS_TEST_DIRNAME/../../man/$p.1
    for section in NAME SYNOPSIS DESCRIPTION ENVIRONMENT 'EXIT STATUS' EXAMPLES DIAGNOSTICS 'SEE ALSO'; do
      echo "$p: $section"
      grep -qE "^\.Sh \"?$section\"?\$" "$page"
    done
  done
}

@test "completions/ is what the tables say: make completions" {
  folder=$BATS_TEST_DIRNAME/../../completions
  for p in $programs; do
    "$p" --completion bash | diff "$folder/$p.bash" -
    "$p" --completion zsh | diff "$folder/_$p" -
    "$p" --completion fish | diff "$folder/$p.fish" -
  done
  # and nothing of a program that is gone
  for f in "$folder"/*; do
    name=$(basename "$f" .bash)
    name=$(basename "${name#_}" .fish)
    echo "$f: $name"
    [[ " $programs " == *" $name "* ]]
  done
}

@test "completions load in bash and offer every option" {
  for p in $programs; do
    f=$BATS_TEST_DIRNAME/../../completions/$p.bash
    bash -n "$f"
    # shellcheck disable=SC2016
    run bash -c '. "$1"; complete -p "$2" >/dev/null; COMP_WORDS=("$2" --); COMP_CWORD=1
      "_${2//-/_}" 2>/dev/null; printf "%s\n" "${COMPREPLY[@]}"' - "$f" "$p"
    [ "$status" -eq 0 ]
    help_options "$p" | sed 's/.* /--/' | sort >table
    echo "$output" | sort | diff table -
  done
}

@test "completions parse in zsh" {
  command -v zsh >/dev/null || skip "no zsh"
  for p in $programs; do
    zsh -n "$BATS_TEST_DIRNAME/../../completions/_$p"
  done
}

@test "completions parse in fish" {
  command -v fish >/dev/null || skip "no fish"
  for p in $programs; do
    fish -n "$BATS_TEST_DIRNAME/../../completions/$p.fish"
  done
}
