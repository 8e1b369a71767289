#!/usr/bin/env bats
# lep-train: what it makes, and that it makes the same whatever the circumstances.

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  make=$BUILD/tests/tools/mkoutputs
  "$BUILD/tests/tools/mkdigits" . 200 60 || return
  lep-preprocess --gray -o train.lept train || return
  lep-preprocess --like train.lept -o test.lept test || return
  # Everything that draws, sums over the batch or keeps a state.
  cat >all.net <<'X'
augment flip
augment shift 2
augment mixup 0.3
conv 6 3x3 stride 2 relu
batchnorm
residual { conv 6 3x3 same; batchnorm; relu }
maxpool 2
flatten
dropout 0.3
dense classes softmax
X
  # Two classes of 8 x 8 pictures without libjpeg's help, and a table of numbers.
  {
    echo 'field image input f32 8x8x1'
    echo 'field label target i32 - down|up'
    awk 'BEGIN { s = 7
      for (r = 0; r < 96; r++) {
        line = "record r" r " "
        for (i = 0; i < 64; i++) {
          s = (s * 1103 + 12345) % 65536
          on = r % 2 ? i >= 32 : i < 32
          line = line (i ? "," : "") (int(s / 4096) / 16 + on)
        }
        print line, r % 2
      } }'
  } >two || return
  "$make" <two >two.lept && "$make" 7 <two >two7.lept || return
  {
    echo 'field x input f32 3'
    echo 'field age other f32 1'
    echo 'field y target f32 1'
    awk 'BEGIN { s = 3
      for (r = 0; r < 120; r++) {
        for (i = 0; i < 3; i++) { s = (s * 1103 + 12345) % 65536; v[i] = int(s / 256) / 128 - 1 }
        printf "record r%d %g,%g,%g %g %g\n", r, v[0], v[1], v[2], (v[1] > 0), 2 * v[0] - v[1] + 0.5
      } }'
  } | "$make" >numbers.lept || return
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  d=$BATS_FILE_TMPDIR
  all=(-q -n "$d/all.net" -e 2 -b 32 --seed 3 --optimizer adamw --schedule cosine --warmup 3 --clip 1
    --average 0.9 --validation 0.1 --keep best)
}

# ok ARGUMENT...: lep-train succeeds; its words are in $output and $stderr.
ok() {
  run --separate-stderr lep-train "$@"
  [ "$status" -eq 0 ] || { echo "status $status: $stderr"; return 1; }
}

# fails STATUS WORDS ARGUMENT...
fails() {
  local want=$1 words=$2
  shift 2
  run --separate-stderr lep-train -o none.lepm "$@"
  [ "$status" -eq "$want" ] || { echo "status $status, not $want: $stderr"; return 1; }
  [[ $'\n'$stderr == *$'\n'"lep-train: "*"$words"* ]] || { echo "$stderr"; return 1; }
  [ ! -e none.lepm ]
}

# ---- the same bytes ----

@test "train: the same bytes for any number of threads" {
  lep-train "${all[@]}" -j 1 -o 1.lepm "$d/train.lept"
  lep-train "${all[@]}" -j 2 -o 2.lepm "$d/train.lept"
  lep-train "${all[@]}" -j 3 -o 3.lepm "$d/train.lept"
  cmp 1.lepm 2.lepm
  cmp 1.lepm 3.lepm
}

@test "train: the same bytes for any instruction set" {
  lep-train "${all[@]}" -o a.lepm "$d/train.lept"
  LEP_ISA=portable lep-train "${all[@]}" -o b.lepm "$d/train.lept"
  cmp a.lepm b.lepm
  ! grep -q avx2 /proc/cpuinfo || LEP_ISA=avx2 lep-train "${all[@]}" -o c.lepm "$d/train.lept"
  [ ! -e c.lepm ] || cmp a.lepm c.lepm
}

@test "train: the same bytes from a file, a pipe, a redirection, gzip, a spill file, other frames" {
  lep-train "${all[@]}" -o a.lepm "$d/train.lept"
  # shellcheck disable=SC2002
  cat "$d/train.lept" | lep-train "${all[@]}" >b.lepm
  cmp a.lepm b.lepm
  lep-train "${all[@]}" - <"$d/train.lept" >b.lepm
  cmp a.lepm b.lepm
  gzip -c "$d/train.lept" >t.gz
  lep-train "${all[@]}" -o b.lepm t.gz
  cmp a.lepm b.lepm
  lep-train "${all[@]}" --spool-limit 4K -o b.lepm t.gz
  cmp a.lepm b.lepm
  lep-train "${all[@]}" --spool-limit 4K -o b.lepm <t.gz
  cmp a.lepm b.lepm
  lep-train "${all[@]}" -o a.lepm "$d/two.lept"
  lep-train "${all[@]}" -o b.lepm "$d/two7.lept"
  cmp a.lepm b.lepm
  # shellcheck disable=SC2002
  cat "$d/two7.lept" | lep-train "${all[@]}" -o b.lepm
  cmp a.lepm b.lepm
}

@test "train: the digest of one small model; another is a decision (LEP_ARITHMETIC)" {
  ok -q --layers 'augment shift 1; conv 4 3x3 relu; batchnorm; maxpool 2; flatten; dropout 0.2; dense classes' \
    -e 3 -b 16 --seed 5 --provenance none -o m.lepm "$d/two.lept"
  run sha256sum m.lepm
  [ "${output%% *}" = 715e29fb45e7733bc3a0d4f4bbb80b5d49df0be1473b0c6ac654c9bdba18a5c9 ] || { echo "$output"; false; }
}

@test "train: --steps ends within an epoch, there the schedule ends too; whole epochs are the same as -e" {
  # 200 pictures in batches of 32: 7 steps an epoch
  local plain=(-n mlp -b 32 --schedule linear --provenance none)
  lep-train -q "${plain[@]}" -e 2 -o a.lepm "$d/train.lept"
  lep-train -q "${plain[@]}" --steps 14 -o b.lepm "$d/train.lept"
  cmp a.lepm b.lepm
  ok "${plain[@]}" --steps 10 --log l.jsonl -o c.lepm "$d/train.lept"
  [[ ${stderr_lines[-1]} == "epoch 2/2  loss "* ]]
  [ "$(sed 's/.*"samples": \([0-9]*\).*/\1/' l.jsonl | xargs)" = '200 96' ]
  awk -F '"lr": ' 'END { exit !($2 + 0 > 0.00009999 && $2 + 0 < 0.00010001) }' l.jsonl # 1 step of 10 before its end
  run cmp -s a.lepm c.lepm
  [ "$status" -eq 1 ]
  lep-train -q "${plain[@]}" --steps 10 --checkpoint c.lepc --resume -o d.lepm "$d/train.lept"
  lep-train -q "${plain[@]}" --steps 10 --checkpoint c.lepc --resume -o e.lepm "$d/train.lept"
  cmp c.lepm d.lepm
  cmp c.lepm e.lepm
  fails 2 '--epochs and --steps: one of them' -n mlp -e 1 --steps 3 "$d/train.lept"
}

@test "train: another seed, another model" {
  lep-train -q -n mlp -e 1 --provenance none -o a.lepm "$d/train.lept"
  lep-train -q -n mlp -e 1 --provenance none --seed 1 -o b.lepm "$d/train.lept"
  run cmp -s a.lepm b.lepm
  [ "$status" -eq 1 ]
}

# ---- what is said ----

@test "train: silent with -q, else a line an epoch on standard error" {
  ok -q -n mlp -e 2 -o m.lepm "$d/train.lept"
  [ -z "$output$stderr" ]
  ok -n mlp -e 2 --validation "$d/test.lept" -o m.lepm "$d/train.lept"
  [ -z "$output" ]
  [[ ${stderr_lines[0]} == layer*output*parameters*multiply-adds ]]
  [[ ${stderr_lines[-2]} =~ ^epoch\ 1/2\ \ loss\ [0-9.]+\ \ accuracy\ [0-9.]+\ \ validation\ loss ]]
  [[ ${stderr_lines[-1]} == "epoch 2/2  loss "* ]]
}

@test "train: --summary, --list, --print" {
  ok --summary -n mlp "$d/train.lept"
  [ -z "$stderr" ]
  [ "${#lines[@]}" -eq 4 ]
  [[ ${lines[1]} =~ ^dense1\ +128\ +100,480\ +100,352$ ]]
  [[ ${lines[3]} =~ ^in\ all\ +101,770\ +101,632$ ]]
  ok --list
  [[ $output == *"digits "*"cifar "*"mlp "*"binary "*"resnet "* ]]
  for name in $(lep-train --list | sed 's/ .*//'); do
    ok --print "$name"
    [ -n "$output" ]
    lep-train --print -n "$name" | cmp - <(echo "$output")
  done
  ok --print --layers 'flatten; dense 3'
  [ "$output" = 'flatten; dense 3' ]
}

@test "train: a ready description is the file it prints" {
  lep-train --print digits >digits.net
  lep-train -q -n digits -e 1 -o a.lepm "$d/train.lept"
  lep-train -q -n ./digits.net -e 1 -o b.lepm "$d/train.lept"
  lep-train -q -n - -e 1 -o c.lepm "$d/train.lept" <digits.net
  cmp a.lepm b.lepm
  cmp a.lepm c.lepm
}

@test "train: --log, a line of JSON an epoch" {
  ok -q -n mlp -e 2 --validation "$d/test.lept" --log log -o m.lepm "$d/train.lept"
  [ "$(wc -l <log)" -eq 2 ]
  pattern='^\{"epoch": 2, "loss": [0-9.]+, "accuracy": [0-9.]+, "samples": 200, '
  pattern+='"validation": \{"loss": [0-9.]+, "accuracy": [0-9.]+, "samples": 60\}, "best": (true|false), '
  pattern+='"lr": 0.001, "seconds": [0-9.e-]+\}$'
  [[ $(tail -n 1 log) =~ $pattern ]] || { cat log; false; }
  # begun anew, and no accuracy of numbers
  ok -q --layers 'dense 1' -e 1 --log log -o m.lepm "$d/numbers.lept"
  [[ $(cat log) == '{"epoch": 1, "loss": '*', "samples": 120, "lr": 0.001, "seconds": '*'}' ]] || { cat log; false; }
}

@test "train: the model says how it was made, and names no files" {
  ok -q -n mlp -e 1 -b 64 --validation "$d/test.lept" --log l --checkpoint c -o m.lepm "$d/train.lept"
  run grep -a -c "$d" m.lepm
  [ "$output" -eq 0 ]
  grep -aq '^provenance lep-train [0-9.]* --epochs 1 --batch 64 --validation$' m.lepm
  grep -aq '^provenance lep-preprocess ' m.lepm
  grep -aq '^arithmetic 1$' m.lepm
  grep -aq '^loss crossentropy$' m.lepm
  ok -q -n mlp -e 1 --provenance none -o m.lepm "$d/train.lept"
  run grep -a '^provenance' m.lepm
  [ "$status" -eq 1 ]
}

# ---- resuming ----

# A training of some seconds, run to its end: whole.lepm. A sixth of the time it
# took is in $part, so that three interruptions fit in on any machine.
slow() {
  local began
  args=("${all[@]:1}" -e 300 --every 0.05 --checkpoint c.lepc --log log)
  began=$(date +%s%N)
  lep-train -q "${args[@]}" -o whole.lepm "$d/train.lept"
  part=$(awk -v ns=$(($(date +%s%N) - began)) 'BEGIN { printf "%.3f", ns / 6e9 }')
  rm c.lepc
}

@test "train: interrupted in the middle of an epoch and resumed, the same bytes" {
  slow
  for signal in TERM INT HUP; do
    number=$(kill -l $signal)
    status=0
    timeout --preserve-status -s $signal "$part" env --default-signal=INT,TERM,HUP lep-train --resume "${args[@]}" -o m.lepm "$d/train.lept" 2>err || status=$?
    echo "$signal: $status: $(tail -n 2 err)"
    [ "$status" -eq $((128 + number)) ]
    [ ! -e m.lepm ]
    grep -q '^stopped in epoch [0-9]* after [0-9]* samples; the same command with --resume goes on from c.lepc$' err
    lep-cat --check c.lepc
  done
  # the rest in another way: threads and --every may differ, and the data come by a pipe
  # shellcheck disable=SC2002
  cat "$d/train.lept" | lep-train -q --resume "${args[@]}" -j 3 --every 100 -o m.lepm
  cmp whole.lepm m.lepm
  # once more: all is done, the model is written again
  rm m.lepm
  ok -q --resume "${args[@]}" -o m.lepm "$d/train.lept"
  cmp whole.lepm m.lepm
}

@test "train: killed while saving, the checkpoint is whole" {
  slow
  args+=(--every 0.0001)
  for round in 1 2 3; do
    echo "round $round of $part s"
    run timeout -s KILL "$part" lep-train -q --resume "${args[@]}" -o m.lepm "$d/train.lept"
    [ "$status" -eq 137 ]
    [ ! -e m.lepm ]
    lep-cat --check c.lepc
  done
  ok -q --resume "${args[@]}" --every 100 -o m.lepm "$d/train.lept"
  cmp whole.lepm m.lepm
}

@test "train: stopped without a checkpoint it says that nothing is saved" {
  run --separate-stderr timeout --preserve-status -s TERM 0.4 lep-train -n mlp -e 100000 "$d/train.lept"
  [ "$status" -eq 143 ]
  [[ $stderr == *'nothing is saved without --checkpoint'* ]]
  run --separate-stderr timeout --preserve-status -s TERM 0.4 lep-train -q -n mlp -e 100000 -o m.lepm "$d/train.lept"
  [ "$status" -eq 143 ]
  [ -z "$stderr" ]
  [ ! -e m.lepm ]
}

@test "train: --resume without a file begins at the beginning and says so" {
  lep-train -q -n mlp -e 1 -o a.lepm "$d/train.lept"
  ok -n mlp -e 1 --checkpoint c.lepc --resume -o b.lepm "$d/train.lept"
  [[ $stderr == *'c.lepc: no checkpoint yet, starting from the beginning'* ]]
  cmp a.lepm b.lepm
  [ -s c.lepc ]
}

@test "train: other options, data or network do not resume" {
  lep-train -q -n mlp -e 1 --checkpoint c.lepc -o a.lepm "$d/train.lept"
  cp c.lepc before
  fails 1 'c.lepc: other options' -n mlp -e 2 --checkpoint c.lepc --resume "$d/train.lept"
  fails 1 'c.lepc: other options' -n mlp -e 1 --seed 1 --checkpoint c.lepc --resume "$d/train.lept"
  fails 1 'c.lepc: other data' -n mlp -e 1 --checkpoint c.lepc --resume "$d/test.lept"
  fails 1 'c.lepc: belongs to another network' -n digits -e 1 --checkpoint c.lepc --resume "$d/train.lept"
  fails 1 'a.lepm: is a model, not a checkpoint' -n mlp -e 1 --checkpoint a.lepm --resume "$d/train.lept"
  cmp c.lepc before
  size=$(stat -c %s c.lepc)
  head -c $((size / 2)) before >c.lepc
  fails 1 'c.lepc: ' -n mlp -e 1 --checkpoint c.lepc --resume "$d/train.lept"
  printf 'x' | dd of=before bs=1 seek=$((size / 2)) conv=notrunc status=none
  cp before c.lepc
  fails 1 'c.lepc: ' -n mlp -e 1 --checkpoint c.lepc --resume "$d/train.lept"
}

# ---- transfer ----

# The digest of a weight's values.
weight() { lep-cat --npy "$2" "$1" | sha256sum; }

@test "train: --from continues; the model may take the old one's place" {
  ok -q -n mlp -e 1 -o m.lepm "$d/train.lept"
  cp m.lepm old.lepm
  ok -n mlp -e 1 --lr 1e-30 --from m.lepm -o m.lepm "$d/train.lept"
  [[ $stderr == *$'taken dense1.w\ntaken dense1.b\ntaken dense2.w\ntaken dense2.b'* ]]
  [ "$(weight m.lepm dense1.w)" = "$(weight old.lepm dense1.w)" ]
  grep -aq '^provenance lep-train.* --from$' m.lepm
  # a checkpoint is a model too
  ok -q -n mlp -e 1 --checkpoint c.lepc -o x.lepm "$d/train.lept"
  ok -q -n mlp -e 1 --from c.lepc -o y.lepm "$d/train.lept"
}

@test "train: another head leaves the rest to be taken" {
  ok -q -n mlp -e 1 -o m.lepm "$d/train.lept"
  ok --layers 'flatten; dense 128 relu; dense 16 relu; dense classes' -e 1 --from m.lepm -o n.lepm "$d/train.lept"
  [[ $stderr == *$'taken dense1.w\ntaken dense1.b\nnew   dense2.w\nnew   dense2.b\nnew   dense3.w'* ]]
  fails 1 'm.lepm: no weight has the name and shape' --layers 'flatten; dense 9 relu; dense 8; dense classes' \
    --from m.lepm -o n.lepm "$d/train.lept"
}

@test "train: a head as wide as a table is taken only with the same classes" {
  ok -q --layers 'flatten; dense 4; dense classes' -e 1 -o m.lepm "$d/two.lept"
  {
    echo 'field image input f32 8x8x1'
    echo 'field label target i32 - up|down'
    for r in 0 1 2 3; do echo "record $r $(seq -s, 64) $((r % 2))"; done
  } | "$BUILD/tests/tools/mkoutputs" >other.lept
  ok --layers 'flatten; dense 4; dense classes' -e 1 --from m.lepm -o n.lepm other.lept
  [[ $stderr == *$'taken dense1.w\ntaken dense1.b\nnew   dense2.w\nnew   dense2.b'* ]]
}

@test "train: --from BRANCH=MODEL takes the branch alone" {
  ok -q --layers 'conv 3 3x3 relu; flatten; dense classes' -e 1 \
    -o m.lepm "$d/two.lept"
  net='input image { conv 3 3x3 relu; flatten }; dense classes'
  ok --layers "$net" -e 1 --lr 1e-30 --from image=m.lepm -o n.lepm "$d/two.lept"
  [[ $stderr == *$'taken image.conv1.w\ntaken image.conv1.b\nnew   dense1.w'* ]]
  [ "$(weight m.lepm conv1.w)" = "$(weight n.lepm image.conv1.w)" ]
  fails 1 'no weight has the name' --layers "$net" --from sound=m.lepm "$d/two.lept"
}

@test "train: frozen weights and statistics keep their bytes" {
  net='conv 4 3x3; batchnorm; relu; flatten; dense 8 relu; dense classes'
  ok -q --layers "$net" -e 1 -o m.lepm "$d/train.lept"
  ok -q --layers "$net" -e 2 --from m.lepm --freeze 'conv*' --freeze 'batchnorm*' --average 0.9 -o n.lepm "$d/train.lept"
  for name in conv1.w $(lep-cat --json m.lepm | grep -o 'batchnorm1\.[a-z_]*' | sort -u); do
    echo "$name"
    [ "$(weight m.lepm "$name")" = "$(weight n.lepm "$name")" ]
  done
  [ "$(weight m.lepm dense1.w)" != "$(weight n.lepm dense1.w)" ]
  fails 2 "--freeze: no weight's name matches 'konv*'" --layers "$net" --freeze 'konv*' "$d/train.lept"
}

@test "train: whitened filters are the data's, the same on every path, and go into other networks" {
  net='augment flip; conv 12 3x3 whiten gelu; batchnorm; maxpool 2; flatten; dense classes'
  w=(-q --layers "$net" -e 2 --seed 2 --provenance none)
  lep-train "${w[@]}" -j 1 -o a.lepm "$d/train.lept"
  lep-train "${w[@]}" -j 3 -o b.lepm "$d/train.lept"
  LEP_ISA=portable lep-train "${w[@]}" -o c.lepm "$d/train.lept"
  cmp a.lepm b.lepm
  cmp a.lepm c.lepm
  # they depend on the data alone, and stay
  lep-train "${w[@]}" --seed 3 -e 1 -o d.lepm "$d/train.lept"
  [ "$(weight a.lepm conv1.w)" = "$(weight d.lepm conv1.w)" ]
  [ "$(weight a.lepm dense1.w)" != "$(weight d.lepm dense1.w)" ]
  # those of --from are taken, also where the data would give others
  lep-cat --head 60 -o few.lept "$d/train.lept"
  lep-train "${w[@]}" -o e.lepm few.lept
  lep-train "${w[@]}" --from a.lepm -o f.lepm few.lept
  [ "$(weight a.lepm conv1.w)" != "$(weight e.lepm conv1.w)" ]
  [ "$(weight a.lepm conv1.w)" = "$(weight f.lepm conv1.w)" ]
  fails 1 "line 2: conv: 'whiten' needs pictures of the data" --layers $'relu\nconv 2 3x3 whiten; flatten; dense classes' \
    "$d/train.lept"
}

# ---- validation ----

@test "train: --validation by a share is like for like, and by a file" {
  ok -q -n mlp -e 1 --validation 0.2 --log log -o m.lepm "$d/train.lept"
  [[ $(cat log) =~ \"samples\":\ ([0-9]+),\ \"validation\".*\"samples\":\ ([0-9]+)\} ]]
  [ $((BASH_REMATCH[1] + BASH_REMATCH[2])) -eq 200 ]
  [ "${BASH_REMATCH[2]}" -ge 20 ]
  [ "${BASH_REMATCH[2]}" -le 60 ]
  grep -aq -e '--validation 0.2$' m.lepm
  ok -q -n mlp -e 1 --validation "$d/test.lept" --log log -o m.lepm "$d/train.lept"
  grep -q '"samples": 200, "validation".*"samples": 60}' log
}

@test "train: validation with the classes in another order, or with unknown ones" {
  x=$(seq -s, 64)
  { echo 'field image input f32 8x8x1'; echo 'field label target i32 - up|down'
    echo "record a $x 0"; echo "record b $x 1"; } | "$BUILD/tests/tools/mkoutputs" >swapped.lept
  { echo 'field image input f32 8x8x1'; echo 'field label target i32 - down|up'
    echo "record a $x 1"; echo "record b $x 0"; } | "$BUILD/tests/tools/mkoutputs" >same.lept
  { echo 'field image input f32 8x8x1'; echo 'field label target i32 - up|left'
    echo "record a $x 0"; } | "$BUILD/tests/tools/mkoutputs" >unknown.lept
  for f in swapped same; do
    ok -q --layers 'flatten; dense classes' -e 1 --validation $f.lept --log $f -o m.lepm "$d/two.lept"
  done
  [ "$(grep -o '"validation".*}' swapped | sed 's/"seconds.*//')" = "$(grep -o '"validation".*}' same | sed 's/"seconds.*//')" ]
  fails 1 "unknown.lept: class 'left' is not among those learnt" --layers 'flatten; dense classes' \
    --validation unknown.lept "$d/two.lept"
}

@test "train: --patience stops early and keeps the best" {
  ok -n mlp -e 50 --lr 1e-30 --patience 2 --validation "$d/test.lept" --log log -o m.lepm "$d/train.lept"
  [ "$(wc -l <log)" -eq 3 ]
  [[ ${stderr_lines[-1]} == 'kept the weights of epoch 1' ]]
  # what is kept is what the best epoch had
  ok -q -n mlp -e 1 --lr 1e-30 -o one.lepm "$d/train.lept"
  [ "$(weight m.lepm dense1.w)" = "$(weight one.lepm dense1.w)" ]
  ok -n mlp -e 3 --lr 1e-30 --patience 1 --keep last -o m.lepm "$d/train.lept"
  [[ $stderr != *'kept the weights'* ]]
}

# ---- losses and targets ----

@test "train: numbers as the target: mse, mae, huber" {
  for loss in auto mse mae huber; do
    ok -q --layers 'dense 1' -e 60 -b 8 --lr 0.03 --loss $loss --log log -o m.lepm "$d/numbers.lept"
    [[ $(tail -n 1 log) =~ \"loss\":\ ([0-9.e-]+), ]]
    echo "$loss: ${BASH_REMATCH[1]}"
    awk -v l="${BASH_REMATCH[1]}" 'BEGIN { exit !(l < 0.02) }'
  done
  grep -aq '^loss huber$' m.lepm
}

@test "train: --target learns another field, and the model knows it as its target" {
  ok -q --layers 'dense 8 tanh; dense 1 sigmoid' --target age -e 30 -b 8 --lr 0.03 --log log -o m.lepm "$d/numbers.lept"
  grep -aq '^loss binary_crossentropy$' m.lepm
  [[ $(tail -n 1 log) =~ \"loss\":\ ([0-9.e-]+), ]]
  awk -v l="${BASH_REMATCH[1]}" 'BEGIN { exit !(l < 0.2) }'
  # continued by a network that finds it by its role there
  ok -q --layers 'dense 8 tanh; dense 1 sigmoid' --target age -e 1 --from m.lepm -o n.lepm "$d/numbers.lept"
  # a field that would be the input otherwise
  { echo 'field a input f32 1'; echo 'field b input f32 1'; for i in 1 2 3 4; do echo "record $i $i $i"; done; } |
    "$BUILD/tests/tools/mkoutputs" >ab.lept
  ok --summary --layers 'dense 1' --target a ab.lept
  ok -q --layers 'dense 1' --target a -e 1 -o m.lepm ab.lept
}

@test "train: the binary classifier, on a table of two classes" {
  ok -q -n binary -e 10 -b 16 --log log -o m.lepm "$d/two.lept"
  grep -aq '^loss binary_crossentropy$' m.lepm
  [[ $(tail -n 1 log) =~ \"accuracy\":\ ([0-9.e-]+), ]]
  awk -v a="${BASH_REMATCH[1]}" 'BEGIN { exit !(a > 0.95) }'
}

@test "train: with mse a final sigmoid or softmax is an ordinary layer" {
  ok -q --layers 'dense 8 tanh; dense 1 sigmoid' --target age --loss mse -e 40 -b 8 --lr 0.03 --log log -o m.lepm "$d/numbers.lept"
  grep -aq '^loss mse$' m.lepm
  [[ $(tail -n 1 log) =~ \"loss\":\ ([0-9.e-]+), ]]
  awk -v l="${BASH_REMATCH[1]}" 'BEGIN { exit !(l < 0.08) }'
  # an output between 0 and 1 never comes closer to y than its range allows: mae above 0
  ok -q --layers 'dense 1 sigmoid' --loss mae -e 1 -o m.lepm "$d/numbers.lept"
  { echo 'field x input f32 2'; echo 'field y target f32 2'; for i in 1 2 3 4 5 6; do echo "record $i $i,1 $((i % 2)),$((1 - i % 2))"; done; } |
    "$BUILD/tests/tools/mkoutputs" >pair.lept
  ok -q --layers 'dense 2 softmax' --loss mse -e 2 -o m.lepm pair.lept
}

@test "train: class weights, smoothing" {
  ok -q -n mlp -e 1 -o a.lepm "$d/train.lept"
  ok -q -n mlp -e 1 --class-weight balanced -o b.lepm "$d/train.lept"
  ok -q -n mlp -e 1 --class-weight '3=2.5,7=0' -o c.lepm "$d/train.lept"
  ok -q -n mlp -e 1 --smoothing 0.1 -o e.lepm "$d/train.lept"
  # digits are as frequent as each other: balanced changes nothing but the line
  [ "$(weight a.lepm dense1.w)" != "$(weight c.lepm dense1.w)" ]
  [ "$(weight a.lepm dense1.w)" != "$(weight e.lepm dense1.w)" ]
  fails 2 "no class 'x'" -n mlp --class-weight x=1 "$d/train.lept"
  fails 2 "'3' is not CLASS=WEIGHT" -n mlp --class-weight 3 "$d/train.lept"
  fails 2 "'-1' is not a weight" -n mlp --class-weight 3=-1 "$d/train.lept"
  fails 2 'the target has no classes' --layers 'dense 1' --class-weight balanced "$d/numbers.lept"
}

@test "train: every optimiser and schedule learns" {
  for name in sgd:lr=0.1 momentum:lr=0.02 nesterov:lr=0.02,momentum=0.8 adam adam:beta2=0.99 adamw rmsprop; do
    ok -q --layers 'flatten; dense classes' --optimizer $name -e 15 -b 16 --log log -o m.lepm "$d/two.lept"
    [[ $(tail -n 1 log) =~ \"accuracy\":\ ([0-9.e-]+), ]]
    echo "$name: ${BASH_REMATCH[1]}"
    awk -v a="${BASH_REMATCH[1]}" 'BEGIN { exit !(a > 0.9) }'
  done
  for name in constant step:2:0.5 linear:0.1 cosine onecycle:0.4; do
    ok -q --layers 'flatten; dense classes' --schedule $name -e 4 --lr 0.01 --log log -o m.lepm "$d/two.lept"
  done
  ok -q --layers 'flatten; dense classes' --schedule step:2:0.5 --warmup 2 -e 4 -b 96 --lr 0.01 --log log -o m.lepm "$d/two.lept"
  [ "$(grep -o '"lr": [0-9.]*' log | tr '\n' ' ')" = '"lr": 0.005 "lr": 0.01 "lr": 0.005 "lr": 0.005 ' ]
}

@test "train: -b larger than the data, and batches of one" {
  ok -q -n mlp -e 1 -b 65536 -o a.lepm "$d/train.lept"
  ok -q -n mlp -e 1 -b 200 --provenance none -o b.lepm "$d/train.lept"
  [ "$(weight a.lepm dense1.w)" = "$(weight b.lepm dense1.w)" ]
  ok -q -n "$d/all.net" -e 1 -b 1 -o c.lepm "$d/two.lept"
}
