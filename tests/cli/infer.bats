#!/usr/bin/env bats
# lep-infer: the fields it adds, formats, batches. Expected values by hand.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  tools=$BUILD/tests/tools
  PATH=$tools:$PATH
  # Logits (x0, x1, 0): e / (e + 2) = 0.57611, e / (2 e + 1) = 0.42231.
  fields='field x input f32 2
field label target i32 - cat|dog|eel'
  printf '%s\n' "$fields" 'record a 1,0 0' 'record b 0,1 2' 'record c 1,1 1' >lines
  mkoutputs <lines >s.lept
  mkmodel crossentropy 'dense classes softmax' s.lept dense1.w=1,0,0,0,1,0 dense1.b=0 >m.lepm
}

# Probabilities cut to five places: the last of a float is no matter here.
five() { sed -E 's/(0\.[0-9]{5})[0-9]*/\1/g'; }

# A stream of many records, some bad, N a frame, in many sizes of frames.
many() {
  awk -v f="$fields" 'BEGIN { print f; for (i = 0; i < 1000; i++)
    if (i % 97 == 5) print "bad r" i; else print "record r" i " " i % 7 "," i % 11 " " i % 3 }' | mkoutputs "$1"
}

@test "infer: probability and class, the rest as it was" {
  run --separate-stderr lep-infer -m m.lepm -o out.lept s.lept
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  lep-cat --json out.lept >h.json
  grep -qF '{"name": "probability", "role": "output", "dtype": "f32", "extents": [3]}' h.json
  grep -qF '{"name": "class", "role": "output", "dtype": "i32", "extents": [], "table": ["cat", "dog", "eel"]}' h.json
  grep -qF '"provenance": ["lep-infer 0.1.0"]' h.json
  lep-cat --csv out.lept | five >csv
  diff csv - <<'X'
key,x[0],x[1],label,probability[0],probability[1],probability[2],class
a,1,0,cat,0.57611,0.21194,0.21194,cat
b,0,1,eel,0.21194,0.57611,0.21194,dog
c,1,1,dog,0.42231,0.42231,0.15536,cat
X
  lep-eval --json out.lept | grep -qF '"accuracy": 0.333'
}

@test "infer: a softmax that the text leaves out is applied" {
  mkmodel crossentropy 'dense classes' s.lept dense1.w=1,0,0,0,1,0 dense1.b=0 >bare.lepm
  lep-infer -m m.lepm s.lept >a
  lep-infer -m bare.lepm s.lept >b
  cmp a b
}

@test "infer: one sigmoid output for two classes" {
  printf '%s\n' 'field x input f32 1' 'field label target i32 - no|yes' 'record a 0 0' 'record b 2 1' \
    'record c -2 0' | mkoutputs >two.lept
  mkmodel binary_crossentropy 'dense 1 sigmoid' two.lept dense1.w=1 dense1.b=0 >two.lepm
  mkmodel binary_crossentropy 'dense 1' two.lept dense1.w=1 dense1.b=0 >bare.lepm
  run lep-infer -m two.lepm --format tsv --top 2 two.lept
  [ "$status" -eq 0 ]
  diff - <(echo "$output" | five) <<X
key	class	probability	top1	probability1	top2	probability2
a	no	0.5	no	0.5	yes	0.5
b	yes	0.88079	yes	0.88079	no	0.11920
c	no	0.88079	no	0.88079	yes	0.11920
X
  lep-infer -m two.lepm two.lept >a
  lep-infer -m bare.lepm two.lept | cmp - a
  lep-cat --json a | grep -qF '"name": "probability", "role": "output", "dtype": "f32", "extents": [1]'
  lep-eval --json a | grep -qF '"accuracy": 1,'
}

@test "infer: numbers" {
  printf '%s\n' 'field x input f32 2' 'field y target f32 2' 'record a 1,2 3,4' | mkoutputs >n.lept
  mkmodel mse 'dense 2' n.lept dense1.w=1,0,0,2 dense1.b=0.5,0 >n.lepm
  [ "$(lep-infer -m n.lepm --format text n.lept)" = "1.5 4" ]
  [ "$(lep-infer -m n.lepm --format jsonl n.lept)" = '{"key": "a", "prediction": [1.5, 4]}' ]
  [ "$(lep-infer -m n.lepm --format tsv n.lept)" = $'key\tprediction[0]\tprediction[1]\na\t1.5\t4' ]
  lep-infer -m n.lepm n.lept | lep-eval --json | grep -qF '"mae": 0.75'
  run --separate-stderr lep-infer -m n.lepm --top 1 n.lept
  [ "$status" -eq 2 ]
  [ "$stderr" != "${stderr/predicts numbers/}" ]
  run --separate-stderr lep-infer -m n.lepm --threshold 0.5 n.lept
  [ "$status" -eq 2 ]
}

@test "infer: text formats" {
  [ "$(lep-infer -m m.lepm --format text s.lept)" = $'cat\ndog\ncat' ]
  lep-infer -m m.lepm --format jsonl --top 2 s.lept >out
  [ "$(wc -l <out)" -eq 3 ]
  [ "$(head -n 1 out | five)" = '{"key": "a", "class": "cat", "probability": 0.57611, "top": [{"class": "cat", "probability": 0.57611}, {"class": "dog", "probability": 0.21194}]}' ]
  [ "$(lep-infer -m m.lepm --format tsv s.lept | five)" = $'key\tclass\tprobability\na\tcat\t0.57611\nb\tdog\t0.57611\nc\tcat\t0.42231' ]
  lep-infer -m m.lepm --format text -o file s.lept
  [ "$(cat file)" = $'cat\ndog\ncat' ]
}

@test "infer: top" {
  lep-infer -m m.lepm --top 3 --outputs-only s.lept >out.lept
  lep-cat --csv --keep top --keep top_probability out.lept | five >csv
  diff csv - <<'X'
key,top[0],top[1],top[2],top_probability[0],top_probability[1],top_probability[2]
a,cat,dog,eel,0.57611,0.21194,0.21194
b,dog,cat,eel,0.57611,0.21194,0.21194
c,cat,dog,eel,0.42231,0.42231,0.15536
X
  run --separate-stderr lep-infer -m m.lepm --top 4 s.lept
  [ "$status" -eq 2 ]
  [[ ${stderr_lines[0]} == "lep-infer: --top 4: the model knows 3 classes" ]]
}

@test "infer: threshold" {
  [ "$(lep-infer -m m.lepm --threshold 0.5 --format text s.lept)" = $'cat\ndog' ]
  [ "$(lep-infer -m m.lepm --threshold 0.5 --format text s.lept | wc -l)" -eq 3 ]
  [ "$(lep-infer -m m.lepm --threshold 0.5 --format jsonl s.lept | sed -n 3p | five)" = '{"key": "c", "class": null, "probability": 0.42231}' ]
  # none is wrong
  lep-infer -m m.lepm --threshold 0.5 s.lept | lep-eval --json | grep -qF '"none": 1'
}

@test "infer: layers" {
  mkmodel crossentropy 'h = dense 2 relu; dense classes softmax' s.lept h.w=1,-1,1,-1 h.b=0 >h.lepm
  lep-infer -m h.lepm --layer h --layer dense1 s.lept | lep-cat --csv --drop probability --drop x >csv
  head -n 2 csv | cut -d, -f 1-5 | diff - <(printf 'key,label,class,h[0],h[1]\na,cat,%s,1,0\n' "$(sed -n 2p csv | cut -d, -f 3)")
  run --separate-stderr lep-infer -m h.lepm --layer conv9 s.lept
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = "lep-infer: --layer: no layer 'conv9'; there are: h, dense1" ]
}

@test "infer: bad records are passed on, left out, or a line" {
  printf '%s\n' "$fields" 'record a 1,0 0' 'bad b' 'record c 0,1 1' | mkoutputs >bad.lept
  lep-infer -m m.lepm bad.lept >out.lept
  lep-eval --json out.lept | grep -qF '"bad": 1'
  [ "$(lep-infer -m m.lepm --format text bad.lept)" = $'cat\nbad\ndog' ]
  [ "$(lep-infer -m m.lepm --format tsv bad.lept | sed -n 3p)" = $'b\tbad\t' ]
  lep-infer -m m.lepm --format jsonl bad.lept | sed -n 2p | grep -q '^{"key": "b", "bad": "'
  run --separate-stderr lep-infer -m m.lepm --bad skip --format text bad.lept
  [ "$status" -eq 0 ]
  [ "$output" = $'cat\ndog' ]
  [[ $stderr == "lep-infer: bad.lept: record 1 (b): "*": left out"*"1 of 3 records left out" ]]
}

@test "infer: batches, threads, files and pipes give the same bytes" {
  for pack in 1 3 300; do
    many "$pack" >s$pack.lept
    lep-infer -m m.lepm --top 2 s$pack.lept >want
    for b in 1 7 256; do
      for j in 1 2 3; do
        lep-infer -m m.lepm --top 2 -b $b -j $j s$pack.lept | cmp - want
        lep-infer -m m.lepm --top 2 -b $b -j $j <s$pack.lept | cmp - want
      done
    done
    # slowly, in pieces that are no frames
    split -b 50001 s$pack.lept part.
    for f in part.*; do cat "$f"; sleep 0.01; done | lep-infer -m m.lepm --top 2 --latency 5 | cmp - want
    rm part.*
  done
  # Frames are kept, and what they hold does not depend on them.
  lep-infer -m m.lepm s1.lept | lep-cat --csv --bad keep >one
  lep-infer -m m.lepm s300.lept | lep-cat --csv --bad keep | cmp - one
}

@test "infer: a record that arrives alone leaves at once" {
  many 1 >s.lept
  mkfifo in
  lep-infer -m m.lepm --format text <in >out &
  pid=$!
  exec 5>in
  head -c 20000 s.lept >&5
  for _ in $(seq 100); do
    if [ -s out ]; then break; fi
    sleep 0.05
  done
  [ -s out ]
  kill -0 "$pid"
  tail -c +20001 s.lept >&5
  exec 5>&-
  wait "$pid"
  [ "$(wc -l <out)" -eq 1000 ]
}

@test "infer: with --latency a record waits for others" {
  many 1 >s.lept
  mkfifo in
  lep-infer -m m.lepm --format text --latency 60000 <in >out &
  pid=$!
  exec 5>in
  head -c 20000 s.lept >&5
  sleep 0.3
  [ ! -s out ]
  # No longer than that, and not if a batch is full.
  tail -c +20001 s.lept >&5
  exec 5>&-
  wait "$pid"
  [ "$(wc -l <out)" -eq 1000 ]
  lep-infer -m m.lepm --format text --latency 50 <in >out &
  pid=$!
  exec 5>in
  head -c 20000 s.lept >&5
  for _ in $(seq 100); do
    if [ -s out ]; then break; fi
    sleep 0.05
  done
  [ -s out ]
  exec 5>&-
  rc=0
  wait "$pid" || rc=$?
  [ "$rc" -eq 1 ]
}

@test "infer: many threads" {
  many 1 >s.lept
  for j in 1 5 64; do lep-infer -m m.lepm -j $j s.lept >out.$j; done
  cmp out.1 out.5
  cmp out.1 out.64
}

@test "infer: no records, several segments" {
  printf '%s\n' "$fields" | mkoutputs >none.lept
  lep-infer -m m.lepm none.lept >out.lept
  lep-cat --json out.lept | grep -qF '"records": 0'
  [ -z "$(lep-infer -m m.lepm --format text none.lept)" ]
  cat s.lept none.lept s.lept >three.lept
  [ "$(lep-infer -m m.lepm --format text three.lept)" = $'cat\ndog\ncat\ncat\ndog\ncat' ]
}

@test "infer: outputs of an earlier run are replaced" {
  mkmodel crossentropy 'dense classes' s.lept dense1.w=0,0,1 dense1.b=0 >other.lepm
  lep-infer -m other.lepm s.lept | lep-infer -m m.lepm | lep-cat --csv >twice
  lep-infer -m m.lepm s.lept | lep-cat --csv | cmp - twice
}

@test "infer: what goes into the provenance" {
  lep-infer -m m.lepm --top 2 --threshold 0.5 --outputs-only -b 3 -j 1 -q s.lept | lep-cat --json |
    grep -qF '"provenance": ["lep-infer 0.1.0 --top 2 --threshold 0.5 --outputs-only"]'
  lep-infer -m m.lepm --provenance none s.lept | lep-cat --json | grep -vqF 'lep-infer'
}

@test "infer: a short read of the output ends it quietly" {
  many 1 >s.lept
  run --separate-stderr bash -c 'for i in 1 2 3 4 5 6 7 8 9; do cat s.lept; done | lep-infer -m m.lepm | head -c 100 | wc -c'
  [ "$output" -eq 100 ]
  [ -z "$stderr" ]
}
