#!/usr/bin/env bats
# lep-train: what must fail, with its exit status and words, and no model.

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  make=$BUILD/tests/tools/mkoutputs
  "$BUILD/tests/tools/mkdigits" . 100 20 || return
  lep-preprocess --gray -o train.lept train || return
  {
    echo 'field x input f32 3'
    echo 'field label target i32 - cat|dog'
    for i in 1 2 3 4 5 6 7 8 9; do echo "record r$i $i,1,-$i $((i % 2))"; done
  } >table
  "$make" <table >table.lept
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  d=$BATS_FILE_TMPDIR
  make=$BUILD/tests/tools/mkoutputs
  net=(--layers 'dense classes' -e 1)
}

# fails STATUS WORDS ARGUMENT...: one line (of usage two) with the words, no model.
fails() {
  local want=$1 words=$2
  shift 2
  run --separate-stderr lep-train -q "$@" -o m.lepm
  [ "$status" -eq "$want" ] || { echo "status $status, not $want: $stderr"; return 1; }
  [ -z "$output" ] || return 1
  [[ ${stderr_lines[0]} == "lep-train: "*"$words"* ]] || { echo "$stderr"; return 1; }
  [ "${#stderr_lines[@]}" -eq $((want == 2 ? 2 : 1)) ] || { echo "$stderr"; return 1; }
  [ ! -e m.lepm ]
}

# ---- data ----

@test "train: a value that is not finite is named with record and key" {
  sed 's/^record r4 4,/record r4 nan,/' "$d/table" | "$make" >s.lept
  fails 1 "s.lept: record 3 (r4): field 'x' holds a value that is not finite" "${net[@]}" s.lept
  sed 's/^record r9 9,/record r9 inf,/' "$d/table" | "$make" 4 >s.lept
  fails 1 "s.lept: record 8 (r9): field 'x' holds a value that is not finite" "${net[@]}" s.lept
  fails 1 "s.lept: record 8 (r9): field 'x' holds a value that is not finite" "${net[@]}" --validation s.lept "$d/table.lept"
  printf '%s\n' 'field x input f32 1' 'field y target f32 1' 'record a 1 1' 'record b 1 nan' | "$make" >s.lept
  fails 1 "s.lept: record 1 (b): field 'y' holds a value that is not finite" --layers 'dense 1' s.lept
}

@test "train: a loss that is not finite is named with epoch and step" {
  fails 1 'epoch 1, step ' --layers 'dense 20; dense 20; dense classes' --optimizer sgd --lr 1e6 -b 1 \
    "$d/table.lept"
  [[ $stderr =~ step\ [0-9]+:\ the\ loss\ is\ .*\;\ a\ smaller\ learning\ rate ]]
}

@test "train: an id outside its table is named" {
  sed 's/^\(record r5.*\) 1$/\1 7/' "$d/table" | "$make" >s.lept
  fails 1 "s.lept: record 4: field 'label': id 7 is not in its table of 2" "${net[@]}" s.lept
}

@test "train: zero records, none with a target, none good" {
  grep field "$d/table" | "$make" >s.lept
  fails 1 's.lept: no records to learn from' "${net[@]}" s.lept
  sed 's/^\(record.*\) [01]$/\1 -1/' "$d/table" | "$make" >s.lept
  fails 1 's.lept: no records to learn from: none has a target' "${net[@]}" s.lept
  { grep field "$d/table"; echo 'bad a'; echo 'bad b'; } | "$make" >s.lept
  fails 1 's.lept: bad records: 2' --bad fail "${net[@]}" s.lept
  fails 1 's.lept: no records to learn from: all are bad' "${net[@]}" s.lept
}

@test "train: bad records and missing targets are left out and counted" {
  { sed 's/^\(record r4.*\) [01]$/\1 -1/' "$d/table"; echo 'bad a'; } | "$make" >s.lept
  fails 1 's.lept: bad records: 1' --bad fail "${net[@]}" s.lept
  for how in '' '--bad skip' '--bad keep'; do
    # shellcheck disable=SC2086
    run --separate-stderr lep-train $how "${net[@]}" --log log -o m.lepm s.lept
    [ "$status" -eq 0 ]
    [[ $stderr == *'lep-train: bad records left out: 1'* ]]
    [[ $stderr == *'lep-train: records without target left out: 1'* ]]
    grep -q '"samples": 8,' log
  done
}

@test "train: one class only is a warning" {
  sed 's/^\(record.*\) [01]$/\1 0/' "$d/table" | "$make" >s.lept
  run --separate-stderr lep-train "${net[@]}" -o m.lepm s.lept
  [ "$status" -eq 0 ]
  [[ $stderr == *"s.lept: all records are of class 'cat': there is nothing to tell apart"* ]]
  rm m.lepm
  # a table of one class leaves nothing to learn
  printf '%s\n' 'field x input f32 1' 'field label target i32 - cat' 'record a 1 0' 'record b 2 0' | "$make" >s.lept
  fails 1 "s.lept: field 'label': cannot be learnt: its only class is 'cat'" "${net[@]}" s.lept
}

@test "train: no target, another field, a target that cannot be learnt" {
  sed 's/^field label target/field label other/' "$d/table" | "$make" >s.lept
  fails 1 'the data have no field with role target' "${net[@]}" s.lept
  fails 1 "the data have no field 'nix' to learn" --target nix "${net[@]}" s.lept
  fails 1 "line 1: target: the data have no field 'nix'" --layers 'target nix; dense 2' "$d/table.lept"
  printf '%s\n' 'field x input f32 1' 'field y target text -' 'record a 1 b' | "$make" >s.lept
  fails 1 "field 'y': cannot be learnt" --layers 'dense 1' s.lept
  printf '%s\n' 'field label target i32 - cat|dog' 'record a 1' | "$make" >s.lept
  fails 1 'the data have no field with role input' "${net[@]}" s.lept
}

@test "train: a network and data that do not fit" {
  fails 1 'line 1: conv: ' --layers 'conv 3 3x3; flatten; dense classes' "$d/table.lept"
  fails 2 'crossentropy: ' --layers 'dense 3' "$d/table.lept"
  fails 2 'mse: ' --loss mse "${net[@]}" "$d/table.lept"
  fails 2 'binary_crossentropy: ' --loss binary_crossentropy "${net[@]}" "$d/table.lept"
  fails 1 "--layers: line 1: augment: " --layers 'augment shift 40; flatten; dense classes' "$d/train.lept"
  fails 1 "--layers: line 2: augment: " --layers $'\naugment wobble; flatten; dense classes' "$d/train.lept"
}

@test "train: validation that does not fit, or of which nothing remains" {
  fails 1 "train.lept: field 'x': is not there" --validation "$d/train.lept" "${net[@]}" "$d/table.lept"
  fails 1 'table.lept: no records for validation' --validation 0.0001 "${net[@]}" "$d/table.lept"
  grep field "$d/table" | "$make" >s.lept
  fails 1 's.lept: no records for validation' --validation s.lept "${net[@]}" "$d/table.lept"
  for v in 1.5 0 1 -0.1 nan; do
    fails 2 "--validation: '$v' is neither a file nor a share between 0 and 1" --validation=$v "${net[@]}" "$d/table.lept"
  done
  fails 1 'nowhere: No such file or directory' --validation nowhere "${net[@]}" "$d/table.lept"
  # a file of that name is a file
  cp "$d/table.lept" 1.5
  run lep-train -q --validation 1.5 "${net[@]}" -o n.lepm "$d/table.lept"
  [ "$status" -eq 0 ]
}

@test "train: truncated, aborted and empty streams make no model" {
  size=$(stat -c %s "$d/train.lept")
  for cut in 0 1 64 $((size / 2)) $((size - 1)); do
    head -c "$cut" "$d/train.lept" >s.lept
    fails 1 's.lept: ' -n mlp s.lept
    run --separate-stderr lep-train -q -n mlp - <s.lept
    [ "$status" -eq 1 ]
    [[ $stderr == 'lep-train: <stdin>: '* ]]
  done
  { cat "$d/table"; echo 'abort lep-preprocess: out of luck'; } | "$make" >s.lept
  fails 1 's.lept: upstream failed: lep-preprocess: out of luck' "${net[@]}" s.lept
}

@test "train: standard output, not a file, hears why there is no model" {
  { cat "$d/table"; echo 'abort lep-preprocess: out of luck'; } | "$make" >s.lept
  for o in '' -o- -o/dev/stdout; do
    # shellcheck disable=SC2086
    lep-train -q "${net[@]}" $o s.lept >out 2>err || status=$?
    [ "$status" -eq 1 ]
    run --separate-stderr lep-cat out
    [ "$status" -eq 1 ]
    [[ $stderr == *'out: upstream failed: lep-preprocess: out of luck'* ]] || { echo "$stderr"; false; }
  done
  status=0
  lep-train -q "${net[@]}" nowhere.lept >out 2>err || status=$?
  [ "$status" -eq 1 ]
  run --separate-stderr lep-cat out
  [[ $stderr == *'upstream failed: lep-train: nowhere.lept: No such file or directory'* ]] || { echo "$stderr"; false; }
}

@test "train: a model where data belong" {
  run lep-train -q "${net[@]}" -o a.lepm "$d/table.lept"
  fails 1 'a.lepm: holds a model, not data' "${net[@]}" a.lepm
  fails 1 'a.lepm: holds a model, not data' --validation a.lepm "${net[@]}" "$d/table.lept"
  fails 1 'table.lept: holds data, not a model' --from "$d/table.lept" "${net[@]}" "$d/table.lept"
  fails 1 'nowhere: No such file or directory' --from nowhere "${net[@]}" "$d/table.lept"
}

@test "train: data that shrink while they are used are one line, no crash" {
  cp "$d/train.lept" s.lept
  lep-train -q -n mlp -e 100000 -o m.lepm s.lept 2>err &
  sleep 0.7
  : >s.lept
  status=0
  wait $! || status=$?
  cat err
  [ "$status" -eq 1 ]
  [ "$(cat err)" = 'lep-train: a mapped file shrank while it was read' ]
  [ ! -e m.lepm ]
}

# ---- the network ----

@test "train: no network, two, one that is no text" {
  fails 2 'a network is missing' "$d/table.lept"
  fails 2 '-n and --layers exclude each other' -n mlp "${net[@]}" "$d/table.lept"
  fails 2 '--layers: is empty' --layers '' "$d/table.lept"
  fails 1 'nowhere.net: No such file or directory' -n nowhere.net "$d/table.lept"
  mkdir folder
  fails 1 'folder: Is a directory' -n folder "$d/table.lept"
  : >empty
  fails 1 'empty: is empty' -n empty "$d/table.lept"
  fails 1 'table.lept: not a text, so no network description' -n "$d/table.lept" "$d/table.lept"
  fails 1 '/dev/zero: not a text' -n /dev/zero "$d/table.lept"
  echo '# nothing' >none.net
  fails 1 'none.net: the description is empty' -n none.net "$d/table.lept"
  printf 'flatten\n\ndense klasses\n' >bad.net
  fails 1 "bad.net: line 3: dense: 'klasses'" -n bad.net "$d/table.lept"
  printf 'flatten\nconf 3\n' >bad.net
  fails 1 'bad.net: line 2: conf: unknown layer' -n bad.net "$d/table.lept"
  printf 'residual {\n dense 3\n' >bad.net
  fails 1 'bad.net: line ' -n bad.net "$d/table.lept"
}

@test "train: a giant network is refused before memory is touched" {
  fails 1 'dense: ' --layers 'dense 16000000; dense 16000000; dense classes' "$d/table.lept"
  fails 1 'dense: ' --layers 'dense 1000000000; dense classes' "$d/table.lept"
  # in all, layer by layer within bounds
  fails 1 'dense: ' --layers 'dense 30000; repeat 900 { dense 30000 }; dense classes' "$d/table.lept"
  case $BUILD in *sanitize*) skip "the sanitiser needs addresses" ;; esac
  run --separate-stderr bash -c 'ulimit -v 1500000; exec lep-train -q --layers "$1" -o m.lepm "$2"' - \
    'dense 16000; dense 16000; dense classes' "$d/table.lept"
  echo "$status $stderr"
  [ "$status" -eq 1 ]
  [[ $stderr == 'lep-train: '*'out of memory'* ]]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [ ! -e m.lepm ]
}

# ---- options ----

@test "train: options that make no sense" {
  fails 2 "--optimizer: " --optimizer adm "${net[@]}" "$d/table.lept"
  fails 2 "--optimizer: " --optimizer adam:beta9=1 "${net[@]}" "$d/table.lept"
  fails 2 "--schedule: " --schedule cosinus "${net[@]}" "$d/table.lept"
  fails 2 "--schedule: " --schedule step:0 "${net[@]}" "$d/table.lept"
  fails 2 "--warmup: " --warmup soon "${net[@]}" "$d/table.lept"
  fails 2 "warm" --schedule onecycle --warmup 3 "${net[@]}" "$d/table.lept"
  fails 2 "'l2'" --loss l2 "${net[@]}" "$d/table.lept"
  fails 2 "--lr" --lr 0 "${net[@]}" "$d/table.lept"
  fails 2 "--lr" --lr nan "${net[@]}" "$d/table.lept"
  fails 2 "--smoothing" --smoothing 1 "${net[@]}" "$d/table.lept"
  fails 2 "--resume needs --checkpoint" --resume "${net[@]}" "$d/table.lept"
  fails 2 "--every needs --checkpoint" --every 1 "${net[@]}" "$d/table.lept"
  fails 2 "one stream at most, not 2" "${net[@]}" "$d/table.lept" "$d/table.lept"
  export LEP_THREADS=many
  fails 2 "LEP_THREADS: 'many'" "${net[@]}" "$d/table.lept"
  unset LEP_THREADS
  export LEP_ISA=mmx
  fails 2 "mmx" "${net[@]}" "$d/table.lept"
}

# ---- files ----

@test "train: an output may not overwrite an input or another output" {
  cp "$d/table.lept" s.lept
  cp s.lept v.lept
  lep-train --print --layers 'dense classes' >x.net
  for o in -o --checkpoint --log; do
    run --separate-stderr lep-train "${net[@]}" --validation v.lept $o s.lept s.lept
    [ "$status" -eq 2 ]
    [ "${stderr_lines[0]}" = "lep-train: $o would overwrite the data: s.lept" ]
    run --separate-stderr lep-train "${net[@]}" --validation v.lept $o ./v.lept s.lept
    [ "${stderr_lines[0]}" = "lep-train: $o would overwrite --validation: v.lept" ]
    run --separate-stderr lep-train -n x.net $o x.net s.lept
    [ "${stderr_lines[0]}" = "lep-train: $o would overwrite -n: x.net" ]
  done
  cmp s.lept "$d/table.lept"
  cmp v.lept "$d/table.lept"
  run --separate-stderr lep-train "${net[@]}" --checkpoint new -o new s.lept
  [ "${stderr_lines[0]}" = "lep-train: -o and --checkpoint are the same file: new" ]
  run lep-train -q "${net[@]}" -o a.lepm s.lept
  run --separate-stderr lep-train "${net[@]}" --from a.lepm --log a.lepm s.lept
  [ "${stderr_lines[0]}" = "lep-train: --log would overwrite --from: a.lepm" ]
  for v in '--validation -' '-n -'; do
    # shellcheck disable=SC2086
    run --separate-stderr lep-train --layers 'dense classes' $v <s.lept
    [ "$status" -eq 2 ]
  done
}

@test "train: folders for files, and folders that cannot be written" {
  mkdir folder
  for o in -o --checkpoint --log; do
    run --separate-stderr lep-train -q "${net[@]}" $o folder "$d/table.lept"
    echo "$o $status $stderr"
    [ "$status" -eq 1 ]
    [[ $stderr == 'lep-train: folder: Is a directory' ]]
    run --separate-stderr lep-train -q "${net[@]}" $o nowhere/x "$d/table.lept"
    [ "$status" -eq 1 ]
    [[ $stderr == 'lep-train: nowhere/x: No such file or directory' ]]
  done
  fails 1 'folder: Is a directory' "${net[@]}" folder
  [ "$(id -u)" -ne 0 ] || skip "root may write anywhere"
  chmod a-w folder
  for o in -o --checkpoint --log; do
    run --separate-stderr lep-train -q "${net[@]}" $o folder/x "$d/table.lept"
    [ "$status" -eq 1 ]
    [[ $stderr == 'lep-train: folder/x: Permission denied' ]]
  done
}

@test "train: full devices are failures" {
  for o in -o --checkpoint --log; do
    run --separate-stderr lep-train -q "${net[@]}" $o /dev/full "$d/table.lept"
    echo "$o $status $stderr"
    [ "$status" -eq 1 ]
    [[ $stderr == *'/dev/full: No space left on device' ]]
  done
  run --separate-stderr bash -c 'lep-train -q --layers "dense classes" -o /dev/stdout "$1" >/dev/full' - "$d/table.lept"
  [ "$status" -eq 1 ]
  [[ $stderr == *'/dev/stdout: No space left on device' ]]
  for what in --list '--print mlp' "--summary --layers dense\ 2 $d/table.lept"; do
    run --separate-stderr bash -c "lep-train $what >/dev/full"
    echo "$what $status $stderr"
    [ "$status" -eq 1 ]
    [[ $stderr == *'No space left on device' ]]
  done
}

@test "train: a checkpoint that cannot be saved any more is an error, the one before stays whole" {
  wide='flatten; dense 256 relu; dense classes'
  lep-train -q --layers "$wide" -e 2 --checkpoint c.lepc -o a.lepm "$d/train.lept"
  cp c.lepc before
  rm a.lepm
  # Files may not grow beyond half of what a checkpoint needs.
  limit=$(($(stat -c %s before) / 2048))
  run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f '$limit'; exec lep-train -q --layers "$1" -e 2 --checkpoint c.lepc -o a.lepm "$2"' \
    - "$wide" "$d/train.lept"
  echo "$status $stderr"
  [ "$status" -eq 1 ]
  [ "$stderr" = 'lep-train: c.lepc: File too large' ]
  [ ! -e a.lepm ]
  cmp before c.lepc
  [ -z "$(find . -name '.c.lepc*')" ]
}

@test "train: a model does not go to a terminal, nor data come from one" {
  command -v script >/dev/null || skip "no script(1)"
  run script -qec "lep-train -q --layers 'dense classes' -e 1 $d/table.lept" /dev/null
  [ "$status" -eq 2 ]
  [[ $output == *'<stdout>: binary data does not go to a terminal'* ]]
  run script -qec "lep-train -q --layers 'dense classes' -e 1 -o m.lepm" /dev/null
  [ "$status" -ne 0 ]
  [[ $output == *'<stdin>: '*terminal* ]] || { echo "$output"; false; }
  # progress, on a terminal, with accuracy; long enough to be seen
  run script -qec "lep-train --layers 'flatten; dense 2048 relu; dense 512 relu; dense classes' -e 3 -b 4 -j 1 -o m.lepm $d/train.lept" /dev/null
  [ "$status" -eq 0 ]
  [[ $output == *'epoch 1/3'*'/100'*'loss '*'accuracy '* ]]
}
