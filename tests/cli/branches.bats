#!/usr/bin/env bats
# Networks of several inputs: pictures, words, numbers and ids, joined by lep-fuse,
# learnt together or branch by branch, and used.

bats_require_minimum_version 1.5.0

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  make=$BUILD/tests/tools/mkoutputs
  # Pictures with their upper or lower half bright; what there is to answer at once.
  {
    echo 'field image input f32 4x4x1'
    echo 'field side target i32 - up|down'
    awk 'BEGIN { s = 7
      for (r = 0; r < 40; r++) {
        line = ""
        for (i = 0; i < 16; i++) {
          s = (s * 1103 + 12345) % 65536
          line = line (i ? "," : "") (int(s / 4096) / 32 + (r % 2 ? i >= 8 : i < 8))
        }
        print "record p" r, line, r % 2
      } }'
  } | "$make" >pictures.lept || return
  # Is it up, is it not down, ...: of the picture whose key the record has. Some have
  # none; there the kinds' first id tells.
  {
    echo 'field text input i32 * is|it|not|up|down'
    echo 'field size input f32 2'
    echo 'field kinds input i32 2 no|yes|unknown'
    echo 'field label target i32 - no|yes'
    awk 'BEGIN { s = 5
      for (r = 0; r < 400; r++) {
        s = (s * 1103 + 12345) % 65536
        p = r % 44; not = int(s / 256) % 2; down = int(s / 512) % 2; kind = int(s / 1024) % 3
        text = (not ? "0,1,2," : r % 3 ? "0,1," : "") (3 + down)
        yes = p < 40 ? ((p % 2 == down) != not) : kind == 1
        print "record p" p, text, r % 7 "," not, kind ",-1", yes
      } }'
  } >questions || return
  "$make" 16 <questions >questions.lept
  # The same without answers.
  awk '$2 != "label" { if ($1 == "record") NF = 5; print }' questions | "$make" 16 >asked.lept || return
  lep-fuse -q --left --drop side -o joined.lept questions.lept pictures.lept || return
  lep-fuse -q --left --drop side -o unanswered.lept asked.lept pictures.lept || return
  cat >both.net <<'X'
input image { conv 4 3x3 same relu; maxpool 2; flatten; dense 16 tanh }
input text { bag 12; batchnorm; dense 16 tanh }
input kinds { embed 4; flatten }
input size
input image_present
match = fuse product image text
fuse concat match kinds size image_present
dense 24 relu; dropout 0.1; dense classes
X
  cat >words.net <<'X'
input image { conv 6 3x3 same relu }
input text
embed 12; position learned 4; residual { attention 3 from image }
t = gru 12 last
input image_present
fuse gate t image_present
fuse bilinear 9 t image_present
dense classes
X
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  d=$BATS_FILE_TMPDIR
  train=(lep-train -q -b 32 --optimizer adamw --lr 0.01 --seed 3)
}

weight() { lep-cat --npy "$2" "$1" | sha256sum; }

@test "branches: the same model and outputs for any -j and LEP_ISA" {
  for net in both words; do
    "${train[@]}" -n "$d/$net.net" -e 2 -j 1 -o $net.lepm "$d/joined.lept"
    lep-infer -m $net.lepm -j 1 "$d/joined.lept" >$net.lept
    for j in 2 3; do
      "${train[@]}" -n "$d/$net.net" -e 2 -j $j -o other.lepm "$d/joined.lept"
      cmp $net.lepm other.lepm
      lep-infer -m $net.lepm -j $j "$d/joined.lept" | cmp - $net.lept
    done
    for isa in portable avx2; do
      LEP_ISA=$isa lep-infer -m $net.lepm -j 2 "$d/joined.lept" >other.lept 2>err ||
        { grep -q 'LEP_ISA' err && continue; }
      cmp $net.lept other.lept
      LEP_ISA=$isa "${train[@]}" -n "$d/$net.net" -e 2 -j 2 -o other.lepm "$d/joined.lept"
      cmp $net.lepm other.lepm
    done
  done
}

@test "branches: a record's outputs do not depend on its batch" {
  for net in both words; do
    "${train[@]}" -n "$d/$net.net" -e 1 -o m.lepm "$d/joined.lept"
    lep-infer -m m.lepm -b 1 "$d/joined.lept" >one.lept
    lep-infer -m m.lepm -b 256 "$d/joined.lept" | cmp - one.lept
    lep-cat --range 37:61 "$d/joined.lept" | lep-infer -m m.lepm -b 7 --outputs-only |
      lep-cat --npy probability >part.npy
    lep-cat --range 37:61 one.lept | lep-cat --npy probability | cmp - part.npy
  done
}

@test "branches: words, pictures, numbers, ids and presence are learnt together" {
  "${train[@]}" -n "$d/both.net" -e 60 --validation 0.2 -o m.lepm "$d/joined.lept"
  lep-infer -m m.lepm "$d/joined.lept" | lep-eval --require 'accuracy>=0.97'
  # The pictures' or the words' branch alone cannot know.
  "${train[@]}" --layers 'input text { bag 12 }; dense 24 relu; dense classes' -e 30 -o t.lepm "$d/joined.lept"
  run lep-eval --require 'accuracy>=0.8' <(lep-infer -m t.lepm "$d/joined.lept")
  [ "$status" -eq 3 ]
}

@test "branches: answers need no targets, and no fields the network does not read" {
  "${train[@]}" -n "$d/both.net" -e 1 -o m.lepm "$d/joined.lept"
  lep-infer -m m.lepm --outputs-only "$d/joined.lept" | lep-cat --npy probability >want.npy
  lep-infer -m m.lepm --outputs-only "$d/unanswered.lept" | lep-cat --npy probability | cmp - want.npy
  "${train[@]}" --layers 'input text { bag 4 }; input size; fuse concat text size; dense classes' -e 1 -o t.lepm "$d/joined.lept"
  lep-infer -m t.lepm --outputs-only "$d/asked.lept" | lep-cat --npy probability >t.npy
  lep-infer -m t.lepm --outputs-only "$d/joined.lept" | lep-cat --npy probability | cmp - t.npy
  # One that it reads is missed.
  run --separate-stderr lep-infer -m m.lepm -o none "$d/asked.lept"
  [ "$status" -eq 1 ]
  [[ $stderr == "lep-infer: "*"'image'"* ]]
  [ ! -e none ]
}

@test "branches: one from a trained model, frozen, keeps its bytes; the rest learns" {
  side='conv 4 3x3 same relu; maxpool 2; flatten; dense 16 tanh'
  "${train[@]}" --layers "$side; dense classes" -e 20 -o side.lepm "$d/pictures.lept"
  lep-infer -m side.lepm "$d/pictures.lept" | lep-eval --require 'accuracy>=0.99'
  run --separate-stderr "${train[@]:0:1}" -b 32 --seed 3 -n "$d/both.net" -e 3 --from image=side.lepm --freeze 'image.*' \
    -o m.lepm "$d/joined.lept"
  [ "$status" -eq 0 ]
  [[ $stderr == *$'taken image.conv1.w\ntaken image.conv1.b\ntaken image.dense1.w\ntaken image.dense1.b\nnew   text.bag1.w'* ]]
  for w in conv1.w conv1.b dense1.w dense1.b; do
    [ "$(weight m.lepm image.$w)" = "$(weight side.lepm $w)" ]
  done
  "${train[@]}" -n "$d/both.net" -e 3 -o free.lepm "$d/joined.lept"
  [ "$(weight m.lepm dense1.w)" != "$(weight free.lepm dense1.w)" ]
  # From a model of several inputs, the branch of that name.
  "${train[@]}" -n "$d/both.net" -e 1 --lr 1e-30 --from image=m.lepm -o n.lepm "$d/joined.lept"
  [ "$(weight n.lepm image.conv1.w)" = "$(weight m.lepm image.conv1.w)" ]
  [ "$(weight n.lepm text.dense1.w)" != "$(weight m.lepm text.dense1.w)" ]
}

@test "branches: step by step: features of each model, joined, and a small network on them" {
  "${train[@]}" --layers 'conv 4 3x3 same relu; maxpool 2; flatten; dense 8 tanh; dense classes' -e 20 -o side.lepm "$d/pictures.lept"
  "${train[@]}" -n "$d/both.net" -e 30 -o both.lepm "$d/joined.lept"
  lep-infer -m side.lepm --layer dense1 --outputs-only "$d/pictures.lept" >p.lept
  # A layer inside a branch; answers stay.
  lep-infer -m both.lepm --layer text.dense1 "$d/joined.lept" >t.lept
  lep-fuse --drop class --drop probability --drop 2_class --drop 2_probability -o features.lept t.lept p.lept 2>err
  grep -q 'have no partner in p.lept and are left out' err
  "${train[@]}" --layers 'input dense1 { dense 16 }; input text.dense1 { dense 16 }; fuse product dense1 text.dense1
    dense 16 relu; dense classes' -e 60 -o small.lepm features.lept
  lep-infer -m small.lepm features.lept | lep-eval --require 'accuracy>=0.97'
  run lep-cat --network small.lepm
  [[ $output == *'input text.dense1 {'* ]]
}

@test "branches: what cannot be fused is said with file, line and word" {
  cat >bad.net <<'X'
input image { conv 4 3x3 }
input text { embed 4 }
fuse product image text
X
  run --separate-stderr "${train[@]}" -n bad.net -o none.lepm "$d/joined.lept"
  [ "$status" -eq 1 ]
  [ "$stderr" = "lep-train: bad.net: line 3: fuse: 'image' is '2x2x4' and 'text' '*x4': their rows do not go together; a pool line belongs behind one of them" ]
  [ ! -e none.lepm ]
  run --separate-stderr "${train[@]}" --layers 'input sound' -o none.lepm "$d/joined.lept"
  [ "$status" -eq 1 ]
  [[ $stderr == *"line 1: input: the data have no field 'sound'" ]]
}
