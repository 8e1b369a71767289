#!/usr/bin/env bats
# lep-fuse --make and --ensemble: what must fail, with its exit status and words.

bats_require_minimum_version 1.5.0

setup() {
	mk=$BUILD/tests/tools/mkoutputs
	cd "$BATS_TEST_TMPDIR" || exit 1
	printf '%s\n' 'field a input f32 2' 'field b input f32 3' 'field s input f32 *' 'field t input f32 *' 'field q input text -' \
		'field label target i32 - x|y' 'record r1 1,2 3,5,7 1,2 1,2 what 0' 'record r2 1,2 3,5,7 1,2 1,2,3 what 0' |
		"$mk" >s.lept
	classes=('field label target i32 - cat|dog' 'field probability output f32 2' 'field class output i32 - cat|dog')
	printf '%s\n' "${classes[@]}" 'record r1 0 0.5,0.5 0' 'record r2 1 0.25,0.75 1' | "$mk" >a.lept
}

# fails STATUS WORDS ARGUMENT...: one line with the words (of wrong usage: and a hint), no
# output file, an ABORT on standard output
fails() {
	local want=$1 words=$2
	shift 2
	run --separate-stderr lep-fuse -o out "$@"
	[ "$status" -eq "$want" ] || { echo "status $status: $stderr"; return 1; }
	[ -z "$output" ] || return 1
	[[ ${stderr_lines[0]} == "lep-fuse: "*"$words"* ]] || { echo "$stderr"; return 1; }
	[ "${#stderr_lines[@]}" -eq $want ] || return 1
	[ ! -e out ]
}

@test "make: shapes that cannot be combined, before any record" {
	fails 1 "z=sum:a,b: fields 'a' (2) and 'b' (3) cannot be added" --make z=sum:a,b s.lept
	fails 1 "fields 'a' (2) and 'b' (3) cannot be multiplied" --make z=product:a,b s.lept
	lep-cat --drop a --rename b=a s.lept | lep-cat --keep a --rename a=b >b.lept
	printf '%s\n' 'field v input f32 2x3' 'record r1 1,2,3,4,5,6' 'record r2 1,2,3,4,5,6' | "$mk" >v.lept
	fails 1 "fields 'a' (2) and 'v' (2x3) cannot be joined along the last axis" --make z=concat:a,v s.lept v.lept
	lep-fuse --make z=sum:a,b s.lept | lep-cat --csv >got 2>err || true
	[ ! -s got ]
	grep -q "upstream failed: lep-fuse: z=sum:a,b: fields" err
}

@test "make: lengths of a record that do not agree name the record; what came before it went out" {
	fails 1 "record 1 (r2): fields 's' (2) and 't' (3) cannot be added" --make z=sum:s,t s.lept
	run --separate-stderr bash -c 'lep-fuse --make z=sum:s,t s.lept 2>err | lep-cat --jsonl --values --keep z'
	[ "$status" -eq 1 ]
	[[ $output == *'"key": "r1"'*'[2, 4]'* ]]
	[ "${#lines[@]}" -eq 1 ]
}

@test "make: fields that are not there or no numbers, names that are taken, texts that are no step" {
	fails 2 "z=sum:a,c: no field 'c'" --make z=sum:a,c s.lept
	fails 2 "z=sum:z,a: no field 'z'" --make z=sum:z,a s.lept
	fails 2 "'a'" --make a=sum:b,b s.lept
	fails 2 "'z'" --make z=sum:a,a --make z=sum:b,b s.lept
	fails 1 "field 'q' holds text, not numbers" --make z=concat:a,q s.lept
	fails 1 "field 'label' holds ids, not numbers" --make z=concat:a,label s.lept
	fails 2 "z=add:a,a: not NAME=OPERATION:FIELD,FIELD with one of concat, sum, mean, product, max, weighted, gate" \
		--make z=add:a,a s.lept
	fails 2 "sum takes two or more fields" --make z=sum:a s.lept
	fails 2 "'a' is not FIELD=WEIGHT" --make z=weighted:a,a s.lept
	fails 2 "'nan' is no weight" --make z=weighted:a=nan,a=1 s.lept
}

@test "gate: weights of another width, no matrix, NaN, a bias that does not fit, no weights" {
	printf '%s\n' 'field w input f32 2' 'record 0 1,2' 'record 1 3,4' 'record 2 5,6' | "$mk" >w.lept
	lep-cat --npy w w.lept >w.npy # 3 x 2
	fails 2 "a gate needs weights: --gate names them" --make z=gate:a,b s.lept
	fails 1 "z=gate:b,a: field 'b' (3): rows of 2 are needed, for the weights of 'w.npy' are 3 x 2" --make z=gate:b,a --gate w.npy s.lept
	fails 1 "z=gate:a,a: field 'a' (2): rows of 3 are needed" --make z=gate:a,a --gate w.npy s.lept
	fails 1 "field 's' (*): rows of 2 are needed" --make z=gate:s,b --gate w.npy s.lept
	lep-fuse --make z=gate:a,b --gate w.npy -o out s.lept
	rm out
	for bad in nan inf; do
		printf '%s\n' 'field w input f32 2' 'record 0 1,2' "record 1 3,$bad" 'record 2 5,6' | "$mk" | lep-cat --npy w >bad.npy
		fails 1 "bad.npy: a weight is not a finite number" --make z=gate:a,b --gate bad.npy s.lept
	done
	printf '%s\n' 'field b input f32 -' 'record 0 1' 'record 1 nan' | "$mk" | lep-cat --npy b >b.npy
	fails 1 "b.npy: a bias is not a finite number" --make z=gate:a,b --gate w.npy --bias b.npy s.lept
	printf '%s\n' 'field b input f32 -' 'record 0 1' 'record 1 2' 'record 2 3' | "$mk" | lep-cat --npy b >b.npy
	fails 1 "b.npy: the bias is no vector of 2, as wide as the weights" --make z=gate:a,b --gate w.npy --bias b.npy s.lept
	fails 1 "b.npy: the weights are no matrix" --make z=gate:a,b --gate b.npy s.lept
	fails 2 "w.npy: an array has no layers" --make z=gate:a,b --gate w.npy --layer g s.lept
	fails 2 "no field 'g.w'" --make z=gate:a,b --gate w.lept --layer g s.lept
	fails 2 "is no array, and holds its own bias" --make z=gate:a,b --gate w.lept --bias b.npy s.lept
	fails 1 "nothing.npy: No such file" --make z=gate:a,b --gate nothing.npy s.lept
	fails 2 "--gate has no effect without a gate in --make" --gate w.npy --make z=sum:a,a s.lept
	fails 2 "--layer is of a model" --make z=gate:a,b --gate w.npy --layer g --bias b.npy s.lept
	head -c 200 w.npy >cut.npy
	head -c 140 w.npy >cut.npy
	fails 1 "cut.npy" --make z=gate:a,b --gate cut.npy s.lept
}

@test "ensemble: weights that are negative, too few, no numbers, all nothing" {
	fails 2 "--weights: '-1': a weight is not below 0" --ensemble mean --weights 2,-1 a.lept a.lept
	fails 2 "--weights: '1' is 1 weights for 2 models" --ensemble mean --weights 1 a.lept a.lept
	fails 2 "--weights: '1,2,3' is 3 weights for 2 models" --ensemble mean --weights 1,2,3 a.lept a.lept
	fails 2 "--weights: 'nan' is not a weight" --ensemble mean --weights nan,1 a.lept a.lept
	fails 2 "--weights: '0,0': no weight is above 0" --ensemble mean --weights 0,0 a.lept a.lept
	fails 2 "--weights has no effect without --ensemble" --weights 1,1 a.lept a.lept
	fails 2 "--weights has no effect with --ensemble fit" --ensemble fit --weights 1,1 a.lept a.lept
	fails 2 "--on has no effect with --ensemble" --ensemble mean --on label a.lept a.lept
	fails 2 "one stream only" --ensemble mean a.lept
}

@test "ensemble: models of other classes" {
	printf '%s\n' 'field probability output f32 2' 'field class output i32 - cat|cow' 'record r1 0.5,0.5 0' 'record r2 0.5,0.5 0' | "$mk" >x.lept
	fails 1 "x.lept: class 'cow' is not among those of a.lept" --ensemble mean a.lept x.lept
	printf '%s\n' 'field probability output f32 1' 'field class output i32 - cat' 'record r1 1 0' 'record r2 1 0' | "$mk" >x.lept
	fails 1 "x.lept: class 'dog' of a.lept is not among its own" --ensemble mean a.lept x.lept
	printf '%s\n' 'field prediction output f32 -' 'record r1 1' 'record r2 1' | "$mk" >x.lept
	fails 1 "x.lept: predicts numbers, but a.lept classes" --ensemble mean a.lept x.lept
	fails 2 "x.lept: predicts numbers, of which only a mean can be taken" --ensemble vote x.lept x.lept
	printf '%s\n' 'field prediction output f32 2' 'record r1 1,2' 'record r2 1,2' | "$mk" >y.lept
	fails 1 "y.lept: 'prediction' is 2, but that of x.lept is one number" --ensemble mean x.lept y.lept
}

@test "ensemble: streams without predictions, or with what is none" {
	fails 1 "s.lept: no predictions: expected 'probability', 'class' or 'prediction'" --ensemble mean s.lept a.lept
	fails 1 "s.lept: no predictions" --ensemble mean a.lept s.lept
	lep-cat --drop probability -o x.lept a.lept
	fails 1 "x.lept: no field 'probability': its classes can only vote" --ensemble mean a.lept x.lept
	lep-cat --drop class --drop label -o x.lept a.lept
	fails 1 "x.lept: probabilities of what?" --ensemble mean x.lept a.lept
	printf '%s\n' 'field probability output f32 3' 'field class output i32 - cat|dog' 'record r1 0.5,0.5,0 0' | "$mk" >x.lept
	fails 1 "x.lept: field 'probability': 3 probabilities a case, but 2 classes" --ensemble mean a.lept x.lept
	for v in nan 1.5 -1; do
		printf '%s\n' 'field probability output f32 2' 'field class output i32 - cat|dog' "record r1 $v,0.5 0" 'record r2 0,1 0' | "$mk" >x.lept
		fails 1 "x.lept: record 0 (r1): field 'probability': not a probability" --ensemble mean a.lept x.lept
	done
}

@test "ensemble: different records in the streams" {
	lep-cat --head 1 -o x.lept a.lept
	fails 1 "x.lept: no record 'r2', which a.lept has" --ensemble mean a.lept x.lept
	fails 1 "x.lept: no record 'r2', which a.lept has" --ensemble mean x.lept a.lept
	lep-cat --tail 1 -o x.lept a.lept
	fails 1 "x.lept: no record 'r1', which a.lept has" --ensemble mean a.lept x.lept
	fails 1 "x.lept: no record 'r1', which a.lept has" --ensemble mean x.lept a.lept
	printf '%s\n' "${classes[@]}" 'record r2 1 0,1 1' 'record r2 1 0,1 1' 'record r1 0 0,1 1' | "$mk" >x.lept
	fails 1 "x.lept: its order is not that of a.lept, and 'r2' comes twice" --ensemble mean a.lept x.lept
	# Once found, a record is used up.
	printf '%s\n' "${classes[@]}" 'record r2 1 0,1 1' 'record r1 0 0,1 1' 'record r1 0 0,1 1' | "$mk" >y.lept
	fails 1 "a.lept: no record 'r1', which y.lept has" --ensemble mean y.lept a.lept
}

@test "ensemble: targets that disagree, in value or in kind" {
	printf '%s\n' "${classes[@]}" 'record r1 0 0,1 1' 'record r2 0 0,1 1' | "$mk" >x.lept
	fails 1 "x.lept: record 1 (r2): target 'label' is not that of a.lept" --ensemble mean a.lept x.lept
	printf '%s\n' 'field label target f32 -' "${classes[@]:1}" 'record r1 0 0,1 1' 'record r2 0 0,1 1' | "$mk" >x.lept
	fails 1 "x.lept: target 'label' is not of the kind that it is in a.lept" --ensemble mean a.lept x.lept
}

@test "ensemble fit: nothing to fit to" {
	lep-cat --drop label -o x.lept a.lept
	fails 1 "x.lept: no target to fit to" --ensemble fit x.lept x.lept
	printf '%s\n' "${classes[@]}" 'record r1 -1 0,1 1' | "$mk" >x.lept
	fails 1 "x.lept: no case to fit weights to" --ensemble fit x.lept x.lept
	run --separate-stderr lep-fuse --ensemble fit x.lept x.lept
	[ "$status" -eq 1 ]
	[ -z "$output" ]
}

@test "ensemble: bad records, damage, an upstream that failed" {
	printf '%s\n' "${classes[@]}" 'record r1 0 0,1 1' 'bad r2' | "$mk" >x.lept
	fails 1 "x.lept: record 1 (r2): is bad: broken" --ensemble mean a.lept x.lept
	fails 1 "x.lept: record 1 (r2): is bad: broken" --ensemble fit a.lept x.lept
	run --separate-stderr bash -c 'lep-fuse --bad skip --ensemble mean a.lept x.lept | lep-cat --csv'
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == *"x.lept: record 1 (r2): is bad: broken: left out"*"1 of 2 records are bad and left out" ]]
	size=$(wc -c <a.lept)
	for ((n = 1; n < size; n += 67)); do
		head -c "$n" a.lept >cut.lept
		fails 1 "" --ensemble mean a.lept cut.lept
		fails 1 "" --ensemble mean cut.lept a.lept
	done
	printf '%s\n' "${classes[@]}" 'record r1 0 0,1 1' 'abort lep-infer: out of luck' | "$mk" >x.lept
	fails 1 "out of luck" --ensemble mean a.lept x.lept
	run --separate-stderr bash -c 'lep-fuse --ensemble mean a.lept x.lept 2>/dev/null | lep-eval'
	[[ $stderr == *"out of luck"* ]]
}
