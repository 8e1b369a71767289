#!/usr/bin/env bats
# lep-cat: what comes out for what goes in.

bats_require_minimum_version 1.5.0

setup() {
	mk=$BUILD/tests/tools/mkoutputs
	cd "$BATS_TEST_TMPDIR"
	{
		echo 'field image input u8 2x3x1'
		echo 'field x input f32 2'
		echo 'field label target i32 - cat|dog|cow'
		echo 'field word other text -'
		for i in $(seq 0 19); do
			echo "record d/$((i % 4))/k$i $i,0,1,2,3,255 $i.5,-1 $((i % 3)) w$i"
		done
	} >lines
	"$mk" <lines >s.lept
	"$mk" 8 <lines >packed.lept
}

keys() { lep-cat --csv --keep label "$@" | sed 1d | cut -d, -f1 | sed 's/.*k//' | tr '\n' ' '; }

# One u8 array of rank 1 as IDX.
idx() { printf "\\0\\0\\010\\001\\0\\0\\0\\00$1$2"; }

@test "a stream passes through unchanged" {
	lep-cat s.lept >a
	cmp a s.lept
	lep-cat <s.lept >a
	cmp a s.lept
	lep-cat - <s.lept >a
	cmp a s.lept
	lep-cat packed.lept >a
	cmp a packed.lept
	lep-cat -o a s.lept
	cmp a s.lept
}

@test "several streams become one segment" {
	lep-cat s.lept packed.lept >a
	run --separate-stderr lep-cat --check -v a
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ $stderr == *"lep-cat: a: 40 records, 23 frames, "* ]]
	cat s.lept packed.lept | lep-cat >b
	cmp a b
	[ "$(lep-cat --json a | grep -o '"records": [0-9]*')" = '"records": 40' ]
}

@test "ids are mapped by name onto the first stream's table" {
	printf '%s\n' 'field label target i32 - cow|cat' 'record a 0' 'record b 1' 'record c -1' | "$mk" >two
	lep-cat --keep label s.lept >one
	run --separate-stderr lep-cat --csv --tail 3 one two
	[ "$status" -eq 0 ]
	[ "$output" = $'key,label\na,cow\nb,cat\nc,' ]
	run --separate-stderr lep-cat --csv one two
	[ "${lines[22]}" = b,cat ]
	run --separate-stderr lep-cat two one
	[ "$status" -eq 1 ]
	[[ $stderr == *"field 'label': 'dog' is not in the table"* ]]
}

@test "streams that do not agree are refused" {
	lep-cat --drop x s.lept >other
	run --separate-stderr lep-cat -o a s.lept other
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: other: 3 fields where the segment before has 4" ]]
	[ ! -e a ]
}

@test "printed for people" {
	run --separate-stderr lep-cat -p --head 1 s.lept
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${lines[0]}" = "s.lept: data, 4 fields" ]
	[ "${lines[1]}" = "    image  input   u8 2x3x1" ]
	[ "${lines[3]}" = "    label  target  i32, 3 names: cat dog cow" ]
	[ "${lines[5]}" = "0  d/0/k0" ]
	[ "${lines[6]}" = "    image  0..255, mean 43.5: 0 0 1 2 3 255" ]
	[ "${lines[7]}" = "    x      -1..0.5, mean -0.25: 0.5 -1" ]
	[ "${lines[8]}" = "    label  cat (id 0)" ]
	[ "${lines[9]}" = "    word   w0" ]
	[ "${lines[10]}" = "1 record" ]
	run --separate-stderr lep-cat -p s.lept
	[ "${lines[-1]}" = "20 records, the first 10 shown" ]
	[ "$(lep-cat -p --head 20 s.lept | grep -c '^[0-9]*  d/')" = 20 ]
}

@test "nothing from a file steers the terminal" {
	printf 'field x input u8 -\nrecord a\033[31mb\302\233\\\377 1\n' | "$mk" >s
	run --separate-stderr lep-cat -p s
	[ "$status" -eq 0 ]
	[ "${lines[2]}" = '0  a\x1b[31mb\xc2\x9b\\\\xff' ]
	lep-cat --jsonl s >out
	run grep -c "$(printf '\033')" out
	[ "$output" = 0 ]
}

@test "keys in UTF-8" {
	printf 'field x input u8 -\nrecord Grüße/日本 1\nrecord b 2\n' | "$mk" >s
	[ "$(lep-cat --csv --key Grüße/日本 s)" = $'key,x\nGrüße/日本,1' ]
	[ "$(lep-cat --csv --match 'Gr??e/??' s | wc -l)" = 2 ]
}

@test "JSON" {
	run --separate-stderr lep-cat --json --keep label s.lept
	[ "$status" -eq 0 ]
	[ "$output" = '{"file": "s.lept", "kind": "data", "records": 20, "provenance": [], "notes": {}, "fields": [{"name": "label", "role": "target", "dtype": "i32", "extents": [], "table": ["cat", "dog", "cow"]}]}' ]
	run --separate-stderr lep-cat --jsonl --values --range 1 s.lept
	[ "$output" = '{"record": 1, "key": "d/1/k1", "status": "good", "fields": {"image": {"extents": [2, 3, 1], "min": 0, "max": 255, "mean": 43.666666666666664, "values": [[[1], [0], [1]], [[2], [3], [255]]]}, "x": {"extents": [2], "min": -1, "max": 1.5, "mean": 0.25, "values": [1.5, -1]}, "label": {"id": 1, "name": "dog"}, "word": "w1"}}' ]
}

@test "selection by key, pattern and condition" {
	[ "$(keys --key d/1/k5 --key d/3/k7 s.lept)" = "5 7 " ]
	printf 'd/0/k4\nd/0/k0\nnothing\n' >list
	run --separate-stderr lep-cat --csv --keep label --keys list s.lept
	[ "$status" -eq 0 ]
	[ "$output" = $'key,label\nd/0/k0,cat\nd/0/k4,dog' ]
	[ "$stderr" = "lep-cat: 1 of 3 keys are not in the input" ]
	[ "$(keys --match 'd/2/*' s.lept)" = "2 6 10 14 18 " ]
	[ "$(keys --match 'd/2/*' --match '*k1' s.lept)" = "1 2 6 10 14 18 " ]
	[ "$(keys --where label=dog s.lept)" = "1 4 7 10 13 16 19 " ]
	[ "$(keys --where label!=dog --where label!=cat s.lept)" = "2 5 8 11 14 17 " ]
	[ "$(keys --where word=w3 s.lept)" = "3 " ]
}

@test "selection by position" {
	[ "$(keys --range 3:6 s.lept)" = "3 4 5 " ]
	[ "$(keys --range 18: packed.lept)" = "18 19 " ]
	[ "$(keys --range -2: s.lept)" = "18 19 " ]
	[ "$(keys --range 1:-17 s.lept)" = "1 2 " ]
	[ "$(keys --head 3 s.lept)" = "0 1 2 " ]
	[ "$(keys --tail 2 - <s.lept)" = "18 19 " ]
	[ "$(keys --shard 2/8 s.lept)" = "1 9 17 " ]
	[ "$(keys --where label=dog --range 1:3 s.lept)" = "4 7 " ]
}

@test "the shards are the whole" {
	for i in 1 2 3; do keys --shard $i/3 s.lept; done | tr ' ' '\n' | sort -n | tr '\n' ' ' >all
	[ "$(cat all)" = " $(seq 0 19 | tr '\n' ' ')" ] || [ "$(cat all)" = "$(seq 0 19 | tr '\n' ' ')" ]
}

@test "nothing selected is a stream of no records" {
	lep-cat --key none -q s.lept >a
	run --separate-stderr lep-cat --check -v a
	[ "$status" -eq 0 ]
	[[ $stderr == *"lep-cat: a: 0 records, 0 frames, "* ]]
	lep-cat --head 0 s.lept | lep-cat --check
	[ "$(lep-cat --csv a | wc -l)" = 1 ]
	lep-cat --shuffle a | lep-cat --check
	lep-cat --split 90/10 --part 2 a | lep-cat --check
	lep-cat --npy x a | tr -d '\0' | grep -q "'shape': (0, 2)"
}

@test "a shuffle is a permutation that the seed decides" {
	a=$(keys --shuffle --seed 1 s.lept)
	[ "$(tr ' ' '\n' <<<"$a" | sort -n | tr '\n' ' ')" = " $(seq 0 19 | tr '\n' ' ')" ]
	[ "$a" != "$(seq 0 19 | tr '\n' ' ')" ]
	[ "$a" = "$(keys --shuffle --seed 1 packed.lept)" ]
	[ "$a" = "$(lep-cat s.lept | keys --shuffle --seed 1)" ]
	[ "$a" != "$(keys --shuffle --seed 2 s.lept)" ]
	[ "$(keys --shuffle --seed 1 --head 3 s.lept)" = "$(cut -d' ' -f1-3 <<<"$a") " ]
	[ "$(keys --sample 5 --seed 1 s.lept | wc -w)" = 5 ]
}

@test "the parts of a split are the whole, each class shared out" {
	for p in 1 2; do keys --split 70/30 --part $p s.lept; done | tr ' ' '\n' | sed '/^$/d' | sort -n | tr '\n' ' ' >all
	[ "$(cat all)" = "$(seq 0 19 | tr '\n' ' ')" ]
	[ "$(keys --split 70/30 --part 2 s.lept | wc -w)" = 6 ]
	for c in cat dog cow; do [ "$(lep-cat --split 70/30 --part 2 --where label=$c --csv s.lept | wc -l)" = 3 ]; done
	[ "$(keys --split 70/30 --part 2 s.lept)" = "$(keys --split 70/30 --part -1 packed.lept)" ]
	lep-cat --shuffle --seed 9 s.lept >shuffled
	[ "$(keys --split 70/30 --part 2 shuffled | tr ' ' '\n' | sort -n)" = "$(keys --split 70/30 --part 2 s.lept | tr ' ' '\n' | sort -n)" ]
}

@test "a split keeps groups together" {
	for p in 1 2; do
		lep-cat --split 50/50 --part $p --by folder --csv --keep label s.lept | sed 1d | cut -d/ -f2 | sort -u
	done | sort >folders
	[ "$(uniq -d folders)" = "" ]
	[ "$(wc -l <folders)" = 4 ]
}

@test "the folds of a cross-validation" {
	for p in 1 2 3 4 5; do
		[ "$(keys --split 1/1/1/1/1 --part $p s.lept | wc -w)" = 4 ]
		[ "$(keys --split 1/1/1/1/1 --part -$p s.lept | wc -w)" = 16 ]
	done
}

@test "fields dropped, kept, renamed, given a role" {
	lep-cat --drop image --rename x=y --role word=target s.lept >a
	[ "$(lep-cat --csv --head 1 a)" = $'key,y[0],y[1],label,word\nd/0/k0,0.5,-1,cat,w0' ]
	lep-cat --json a | grep -q '"name": "word", "role": "target"'
	[ "$(lep-cat --csv --keep word --keep label --head 1 s.lept)" = $'key,word,label\nd/0/k0,w0,cat' ]
	[ "$(lep-cat --note provenance a)" = "$(lep-cat --version | head -n1) --drop image --rename x=y --role word=target" ]
	lep-cat --provenance none --drop image s.lept >a
	run --separate-stderr lep-cat --note provenance a
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: a: the header has no line 'provenance'" ]
}

@test "CSV and TSV quote what needs it" {
	printf '%s\n' 'field t other text -' 'record a,b x"y,z' 'record c plain' | "$mk" >s
	[ "$(lep-cat --csv s)" = $'key,t\n"a,b","x""y,z"\nc,plain' ]
	[ "$(lep-cat --tsv s)" = $'key\tt\na,b\tx"y,z\nc\tplain' ]
	printf 'field t other text -\nrecord a x\ty\\z\n' | "$mk" >s
	[ "$(lep-cat --tsv s)" = $'key\tt\na\tx\\ty\\\\z' ]
}

@test ".npy out and in" {
	lep-cat --npy x s.lept >x.npy
	lep-cat --npy label s.lept -o y.npy
	lep-cat --join x=x.npy label=y.npy -o j.lept
	[ "$(lep-cat --csv --range 3 j.lept)" = $'key,x[0],x[1],label\n3,3.5,-1,0' ]
	lep-cat --npy x j.lept | cmp - x.npy
	lep-cat --name x x.npy | lep-cat --npy x | cmp - x.npy
	[ "$(lep-cat --json x.npy | grep -o '"name": "[a-z]*"')" = '"name": "data"' ]
	lep-cat --npy x - <s.lept | lep-cat --from npy --name x | lep-cat --npy x | cmp - x.npy
	gzip -k x.npy
	lep-cat --name x x.npy.gz | lep-cat --npy x | cmp - x.npy
	lep-cat --name x x.npy x.npy --csv | tail -n 1 | grep -q '^19,19.5,-1$'
}

@test "IDX in, and classes for its labels" {
	idx 3 '\001\000\002' >labels
	printf 'cat\ndog\ncow\n' >names
	lep-cat --join label=labels --classes label=names -o l
	[ "$(lep-cat --csv l)" = $'key,label\n0,dog\n1,cat\n2,cow' ]
	[ "$(lep-cat --table label l)" = $'cat\ndog\ncow' ]
	lep-cat --json l | grep -q '"role": "target", "dtype": "i32"'
	idx 3 '\001\000\003' >labels
	run --separate-stderr lep-cat --name label labels --classes label=names -o m
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: field 'label': 3 is no id of 3 classes" ]
	[ ! -e m ]
}

@test "joined arrays must have as many records" {
	idx 3 abc >a
	idx 2 ab >b
	run --separate-stderr lep-cat --join x=a y=b -o out
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: b: 2 records where 'x' has 3" ]
}

@test "PNG of one record and of many" {
	run --separate-stderr bash -c 'lep-cat --png image --range 1 s.lept >one.png'
	[ "$status" -eq 0 ]
	[ "$(head -c 4 one.png | tail -c 3)" = PNG ]
	lep-cat --png image -o pics/ s.lept
	[ "$(find pics -name '*.png' | wc -l)" = 20 ]
	cmp pics/d/1/k1.png one.png
	run --separate-stderr lep-cat --png image -o two.png s.lept
	[ "$status" -eq 2 ]
	[ ! -e two.png ]
	run --separate-stderr lep-cat --png x -o pics/ s.lept
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: record 0: field 'x' is no picture"* ]]
}

@test "names of pictures stay in the folder, and are told apart" {
	printf '%s\n' 'field i input f32 1x2' 'record ../../up 0,1' 'record /abs 0,1' 'record abs 1,1' | "$mk" >s
	mkdir -p a/b
	lep-cat --png i -o a/b s
	[ "$(find . -name '*.png' | sort | tr '\n' ' ')" = "./a/b/__/__/up.png ./a/b/abs-2.png ./a/b/abs.png " ]
	mkdir c
	ln -s /nonexistent c/__
	run --separate-stderr lep-cat --png i -o c s
	[ "$status" -eq 1 ]
}

@test "bad records are kept, skipped, or alone" {
	printf '%s\n' 'field x input u8 -' 'record a 1' 'bad b' 'record c 3' | "$mk" >s
	lep-cat s | cmp - s
	run --separate-stderr lep-cat -p s
	[ "${lines[4]}" = "1  b  bad: broken" ]
	run --separate-stderr lep-cat --csv s
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: record 1 (b) is bad: broken (see --bad)" ]
	[ "$(lep-cat --csv --bad keep s)" = $'key,x\na,1\nb,\nc,3' ]
	[ "$(lep-cat --csv --bad skip s)" = $'key,x\na,1\nc,3' ]
	[ "$(lep-cat --jsonl --bad only s)" = '{"record": 1, "key": "b", "status": "bad", "cause": "broken"}' ]
}

@test "frames are kept, and packed where asked" {
	frames() { lep-cat --check -v 2>&1 | sed -n 's/.*records, \([0-9]*\) frames.*/\1/p'; }
	[ "$(lep-cat --drop x packed.lept | frames)" = 3 ]
	[ "$(lep-cat --where label=cat packed.lept | frames)" = 3 ]
	[ "$(lep-cat --pack 5 s.lept | frames)" = 4 ]
	[ "$(lep-cat --pack 1 packed.lept | frames)" = 20 ]
	lep-cat --pack 8 --provenance none s.lept | cmp - packed.lept
}

@test "extents that vary" {
	printf '%s\n' 'field v input u8 *' 'record a 1,2,3' 'record b 1,2' | "$mk" >s
	run --separate-stderr lep-cat --npy v s
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: record 1: field 'v' is 2, the first record's is 3" ]
	lep-cat --npy v --range 1 s | tr -d '\0' | grep -q "'shape': (1, 2)"
	run --separate-stderr lep-cat --csv s
	[ "$status" -eq 2 ]
	lep-cat --jsonl --values s | grep -q '"values": \[1, 2\]'
	[ "$(lep-cat --shuffle --seed 3 s | lep-cat --jsonl | wc -l)" = 2 ]
}

@test "what a pipe holds can be had in any order, also beyond the limit" {
	a=$(keys --tail 3 s.lept)
	[ "$(keys --tail 3 --spool-limit 4096 - <s.lept)" = "$a" ]
	[ "$(cat s.lept | keys --tail 3 --spool-limit 4096)" = "$a" ]
}

@test "recovery saves what is sound and counts the rest" {
	# frames of 8, 8 and 4 records; damage in the payload of the second
	lep-cat --recover packed.lept >a
	lep-cat --csv a >a.csv
	lep-cat --csv packed.lept | cmp - a.csv
	at=$(grep -abo k12 packed.lept | head -n 1 | cut -d: -f1)
	cp packed.lept damaged
	printf X | dd of=damaged bs=1 seek="$at" conv=notrunc status=none
	run --separate-stderr lep-cat --check damaged
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == "lep-cat: damaged: byte "*"damaged frame"* ]]
	run --separate-stderr lep-cat --recover -o saved damaged
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: damaged: 8 records lost, 12 kept, damaged in 1 places" ]
	[ "$(keys saved)" = "0 1 2 3 4 5 6 7 16 17 18 19 " ]
	lep-cat --check saved
}

@test "--check goes through all of its operands" {
	head -c 1000 s.lept >cut
	run --separate-stderr lep-cat --check cut packed.lept nothing s.lept
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[[ ${stderr_lines[0]} == "lep-cat: cut: "*"truncated"* ]]
	[[ ${stderr_lines[1]} == "lep-cat: nothing: No such file or directory" ]]
	lep-cat --check s.lept packed.lept
	cat s.lept packed.lept | lep-cat --check
}

@test "--records says how many there must be" {
	lep-cat --records 40 s.lept s.lept >/dev/null
	run --separate-stderr lep-cat --records 41 -o a s.lept s.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: s.lept: 40 records, not the 41 there must be" ]
	[ ! -e a ]
}

@test "single things of a header" {
	[ "$(lep-cat --table label s.lept)" = $'cat\ndog\ncow' ]
	run --separate-stderr lep-cat --table x s.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: s.lept: field 'x' has no table" ]
	run --separate-stderr lep-cat --network s.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: s.lept: not a model: it has no network description" ]
}

@test "a whole mnist file there and back" {
	data=${LEP_DATA:-$BATS_TEST_DIRNAME/../../../shared/data}
	[ -r "$data/mnist-test.tar" ] || skip "no data: mnist-test.tar"
	lep-preprocess --gray -o t.lept "$data/mnist-test.tar"
	[ "$(lep-cat --split 90/10 --part 2 t.lept | lep-cat --json | grep -o '"records": [0-9]*')" = '"records": 1000' ]
	lep-cat --npy image t.lept >x.npy
	[ "$(wc -c <x.npy)" = 7840128 ]
	lep-cat --name image x.npy | lep-cat --npy image | cmp - x.npy
}
