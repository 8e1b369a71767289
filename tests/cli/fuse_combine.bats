#!/usr/bin/env bats
# lep-fuse: tensors of a record combined, and one answer of several models.

bats_require_minimum_version 1.5.0

setup() {
	mk=$BUILD/tests/tools/mkoutputs
	golden=${LEP_GOLDEN:-$BATS_TEST_DIRNAME/../../../shared/golden}
	cd "$BATS_TEST_TMPDIR" || exit 1
	printf '%s\n' 'field a input f32 2' 'field b input f32 2' 'field n input f32 1' 'field label target i32 - x|y' \
		'record r1 1,2 3,5 2 0' 'bad r2' 'record r3 -1,0 0.5,4 -1 1' | "$mk" 2 >s.lept
	classes=('field label target i32 - cat|dog|eel' 'field probability output f32 3' 'field class output i32 - cat|dog|eel')
	printf '%s\n' 'field image input u8 2' "${classes[@]}" 'record r1 1,2 0 0.5,0.25,0.25 0' 'record r2 3,4 1 0,1,0 1' \
		'record r3 5,6 2 0.5,0.5,0 0' | "$mk" 2 >a.lept
	printf '%s\n' 'field image input u8 2' "${classes[@]}" 'record r1 1,2 0 0.125,0.75,0.125 1' 'record r2 3,4 1 0.5,0.25,0.25 0' \
		'record r3 5,6 2 0.25,0.25,0.5 2' | "$mk" >b.lept
}

# values FIELD: of standard input, a line a record
values() {
	lep-cat --jsonl --values --keep "$1" | sed -E 's/.*"values": //; s/\}\}\}$//; s/.*"bad".*/bad/'
}

# classes_of: standard input, their names in one line
classes_of() {
	lep-cat --csv --keep class | sed 1d | cut -d, -f2 | paste -sd' '
}

# near A B: the largest difference of two .npy relative to the largest of B
near() {
	lep-cat --join "x=$1" "y=$2" --csv | awk -F, 'NR > 1 { n = (NF - 1) / 2
		for (i = 2; i < 2 + n; i++) { d = $i - $(i + n); a = $(i + n); d = d < 0 ? -d : d; a = a < 0 ? -a : a
			D = d > D ? d : D; A = a > A ? a : A } }
		END { exit !(NR > 1 && A > 0 && D <= 2e-6 * A) }'
}

# ---- tensors of a record ----

@test "--make takes numbers whose elements have names, as those of a table; ids it does not" {
	printf 'k,a,b\nx,1,2\ny,3,4\n' >t.csv
	lep-preprocess --key k --number a,b --scale none -o t.lept t.csv
	lep-fuse --make 'z=sum:features,2_features' t.lept t.lept >z.lept
	[ "$(values z <z.lept | xargs)" = '[2, 4] [6, 8]' ]
	run --separate-stderr lep-fuse --make 'z=sum:label,a' s.lept
	[ "$status" -eq 1 ]
	[[ $stderr == *"field 'label' holds ids, not numbers"* ]]
}

@test "--make: each operation, in order, the last field of what came" {
	lep-fuse -o out --bad keep --make c=concat:a,b --make s=sum:a,b --make m=mean:a,b --make p=product:a,b,n \
		--make x=max:a,b --make w=weighted:a=0.5,b=-1 --make twice=sum:w,w s.lept
	[ "$(values c <out)" = "$(printf '%s\n' '[1, 2, 3, 5]' bad '[-1, 0, 0.5, 4]')" ]
	[ "$(values s <out)" = "$(printf '%s\n' '[4, 7]' bad '[-0.5, 4]')" ]
	[ "$(values m <out)" = "$(printf '%s\n' '[2, 3.5]' bad '[-0.25, 2]')" ]
	[ "$(values p <out)" = "$(printf '%s\n' '[6, 20]' bad '[0.5, -0]')" ]
	[ "$(values x <out)" = "$(printf '%s\n' '[3, 5]' bad '[0.5, 4]')" ]
	[ "$(values w <out)" = "$(printf '%s\n' '[-2.5, -4]' bad '[-1, -4]')" ]
	[ "$(values twice <out)" = "$(printf '%s\n' '[-5, -8]' bad '[-2, -8]')" ]
	[ "$(lep-cat --json out | grep -o '"name": "[^"]*", "role": "[a-z]*"' | cut -d'"' -f4,8 | tr '\n' ' ')" = \
		'a"input b"input n"input label"target c"input s"input m"input p"input x"input w"input twice"input ' ]
	lep-cat --note provenance out | grep -qx 'lep-fuse .* --make c=concat:a,b --make s=sum:a,b .*'
	# Frames stay as they were.
	lep-fuse --bad keep --make z=sum:a,b --drop z --provenance none s.lept | cmp - s.lept
}

@test "--make: from standard input, and on what a join brings together" {
	lep-fuse --bad skip -q --make z=sum:a,b --drop a --drop b <s.lept 2>err | lep-cat --csv >got
	printf 'key,n[0],label,z[0],z[1]\nr1,2,x,4,7\nr3,-1,y,-0.5,4\n' | diff - got
	printf '%s\n' 'field v input f32 2' 'record r3 10,10' 'record r1 1,1' | "$mk" >v.lept
	lep-fuse -q --bad skip --make z=sum:a,v s.lept v.lept 2>err | values z >got
	printf '[2, 3]\n[9, 10]\n' | diff - got
	# The presence of --left, one number, meets all of a tensor.
	printf '%s\n' 'field v input f32 2' 'record r1 1,1' | "$mk" >v.lept
	lep-fuse -q --left --bad skip --make z=product:a,v_present s.lept v.lept 2>err | values z >got
	printf '[1, 2]\n[-0, 0]\n' | diff - got
}

@test "--make: a picture of bytes is scaled by its recipe, the same as prepared that way" {
	"$BUILD/tests/tools/mkdigits" d 10 10
	lep-preprocess --gray -o u8.lept d/train
	lep-preprocess --gray --dtype f32 -o f32.lept d/train
	lep-fuse --provenance none --make z=sum:image,image u8.lept | lep-cat --npy z >a.npy
	lep-fuse --provenance none --make z=sum:image,image f32.lept | lep-cat --npy z >b.npy
	cmp a.npy b.npy
}

@test "gate: golden/fuse_gate and golden/seed_fusion_example through the program" {
	[ -d "$golden" ] || skip "no golden values at $golden"
	for case in fuse_gate seed_fusion_example; do
		g=$golden/$case
		lep-cat --join "x=$g/x.npy" "text=$g/text.npy" |
			lep-fuse --make z=gate:x,text --gate "$g/w.npy" --bias "$g/b.npy" | lep-cat --npy z >z.npy
		near z.npy "$g/y.npy"
	done
}

@test "gate: weights of a model give the bytes of its layer, on every instruction set" {
	"$BUILD/tests/tools/mkdigits" d 10 10
	lep-preprocess --gray -o u8.lept d/train
	lep-train -q --layers 'flatten; h = dense 20 tanh; d = dense 17 relu; g = gate from h; dense classes' -e 1 \
		-o m.lepm u8.lept
	lep-infer -m m.lepm --layer h --layer d --layer g -o o.lept u8.lept
	lep-cat --npy g o.lept >want.npy
	for isa in portable avx2 avx512; do
		run --separate-stderr env LEP_ISA=$isa lep-fuse -o z.lept --make z=gate:h,d --gate m.lepm --layer g o.lept
		[ "$status" -eq 0 ] || { [ "$status" -eq 2 ] && [[ $stderr == *"not on this processor"* ]] && continue; }
		lep-cat --npy z z.lept | cmp - want.npy
	done
	[ -s z.lept ]
	# The only gate of a model needs no name, and without it the name of none will do.
	lep-train -q --layers 'flatten; h = dense 20 tanh; d = dense 17 relu; gate from h; dense classes' -e 1 -o n.lepm u8.lept
	lep-infer -m n.lepm --layer h --layer d --layer gate1 u8.lept | lep-fuse --make z=gate:h,d --gate n.lepm -o z.lept
	lep-cat --npy gate1 z.lept >want.npy
	lep-cat --npy z z.lept | cmp - want.npy
	run --separate-stderr lep-fuse --make z=gate:h,d --gate m.lepm o.lept
	[ "$status" -eq 2 ]
	[[ $stderr == *"m.lepm: no layer gate: name the one to take with --layer"* ]]
}

@test "gate: a network of two inputs learns it, and the operation gives what its layer gave" {
	printf '%s\n' 'field x input f32 4' 'field y input f32 3' 'field label target i32 - p|q' 'record r1 1,2,3,4 1,0,-1 0' \
		'record r2 0,1,-1,2 2,2,1 1' 'record r3 3,-1,2,1 0,1,2 1' 'record r4 2,2,1,0 1,1,0 0' | "$mk" >d.lept
	lep-train -q --layers 'input x; input y; fuse gate x y; dense classes' -e 1 -o m.lepm d.lept
	lep-infer -m m.lepm --layer fuse1 d.lept | lep-cat --npy fuse1 >want.npy
	lep-fuse --make out=gate:x,y --gate m.lepm d.lept | lep-cat --npy out | cmp - want.npy
}

@test "gate: rows of sequences one by one, a vector for all; frames and their order change nothing" {
	printf '%s\n' 'field x input f32 *x2' 'field y input f32 *x3' 'field v input f32 3' 'record r1 1,2,3,4 1,0,0,0,1,0 0,0,1' \
		'record r2 - - 1,1,1' 'record r3 5,6 0,0,0 0,0,0' >lines
	"$mk" 3 <lines >d.lept
	"$mk" <lines >one.lept
	# Of the three rows of W only the last says anything: ln 3 more for the second.
	printf '%s\n' 'field g.w other f32 3x2' 'field g.b other f32 2' 'record w 0,0,0,0,0,1.0986122886681098 0,0' | "$mk" >w.lept
	lep-fuse --make z=gate:x,y --gate w.lept --layer g d.lept | values z >got
	printf '%s\n' '[[0.5, 1], [1.5, 2]]' '[]' '[[2.5, 3]]' | diff - got
	lep-fuse --make z=gate:x,v --gate w.lept --layer g d.lept | values z >got
	printf '%s\n' '[[0.25, 1.5], [0.75, 3]]' '[]' '[[2.5, 3]]' | diff - got
	lep-fuse --make z=gate:x,y --gate w.lept --layer g --provenance none d.lept | lep-cat --provenance none --pack 1 >a
	lep-fuse --make z=gate:x,y --gate w.lept --layer g --provenance none one.lept | cmp - a
}

# ---- ensembles ----

@test "ensemble mean: by hand, all else from the first stream, its frames" {
	lep-fuse --ensemble mean --provenance none -o out a.lept b.lept
	lep-cat --csv out >got
	diff got - <<-'EOF'
		key,image[0],image[1],label,probability[0],probability[1],probability[2],class
		r1,1,2,cat,0.3125,0.5,0.1875,dog
		r2,3,4,dog,0.25,0.625,0.125,dog
		r3,5,6,eel,0.375,0.375,0.25,cat
	EOF
	lep-fuse --ensemble mean --weights 3,1 a.lept b.lept | values probability >got
	printf '%s\n' '[0.40625, 0.375, 0.21875]' '[0.125, 0.8125, 0.0625]' '[0.4375, 0.4375, 0.125]' | diff - got
	# All weight on one is that one.
	lep-fuse --ensemble mean --weights 0,1 --provenance none a.lept b.lept | lep-cat --npy probability >got
	lep-cat --npy probability b.lept | cmp - got
	lep-eval out | grep -q '^records  *3$'
	lep-cat --provenance none --pack 2 out | cmp - out
}

@test "ensemble geometric: by hand, and zeros are no end of it" {
	# r1: sqrt(1/16), sqrt(3/16), sqrt(1/32) over their sum
	lep-fuse --ensemble geometric a.lept b.lept | lep-cat --csv >got
	awk -F, 'function near(a, b) { return a - b < 1e-6 && b - a < 1e-6 }
		NR == 2 { s = 0.25 + sqrt(3) / 4 + sqrt(1 / 32)
			ok += near($5, 0.25 / s) && near($6, sqrt(3) / 4 / s) && near($7, sqrt(1 / 32) / s) && $8 == "dog" }
		NR == 3 { s = sqrt(0.5e-15) + 0.5 + sqrt(0.25e-15); ok += near($6, 0.5 / s) && $8 == "dog" }
		NR == 4 { ok += near($5, 0.5) && near($6, 0.5) && $8 == "cat" }
		END { exit ok != 3 }' got
	# Both sure that the other is wrong: they balance.
	printf '%s\n' 'field probability output f32 2' 'field class output i32 - a|b' 'record k 1,0 0' | "$mk" >x.lept
	printf '%s\n' 'field probability output f32 2' 'field class output i32 - a|b' 'record k 0,1 1' | "$mk" >y.lept
	[ "$(lep-fuse --ensemble geometric x.lept y.lept | values probability)" = '[0.5, 0.5]' ]
}

@test "ensemble vote: shares, ties, weights, one that does not vote" {
	lep-fuse --ensemble vote a.lept b.lept | lep-cat --csv --drop image >got
	diff got - <<-'EOF'
		key,label,probability[0],probability[1],probability[2],class
		r1,cat,0.5,0.5,0,dog
		r2,dog,0.5,0.5,0,dog
		r3,eel,0.5,0,0.5,cat
	EOF
	printf '%s\n' "${classes[@]}" 'record r1 0 0,1,0 1' 'record r2 1 0,0.25,0.75 2' 'record r3 2 0,0,1 -1' | "$mk" >c.lept
	lep-fuse --ensemble vote a.lept b.lept c.lept | lep-cat --csv --drop image >got
	diff got - <<-'EOF'
		key,label,probability[0],probability[1],probability[2],class
		r1,cat,0.33333334,0.6666667,0,dog
		r2,dog,0.33333334,0.33333334,0.33333334,dog
		r3,eel,0.5,0,0.5,eel
	EOF
	lep-fuse --ensemble vote --weights 2,1 a.lept b.lept | classes_of >got
	echo cat dog cat | diff - got
	# Classes alone: of equals the earlier stream's.
	for m in a b; do lep-cat --drop probability -o "$m$m.lept" $m.lept; done
	lep-fuse --ensemble vote aa.lept bb.lept | classes_of >got
	echo cat dog cat | diff - got
	lep-fuse --ensemble vote bb.lept aa.lept | classes_of >got
	echo dog cat eel | diff - got
	lep-fuse --ensemble vote aa.lept bb.lept | lep-eval | grep -q '^accuracy  *0.6667'
}

@test "ensemble: classes are the same by name, whatever their order" {
	printf '%s\n' 'field label target i32 - dog|eel|cat' 'field probability output f32 3' 'field class output i32 - eel|dog|cat' \
		'record r1 2 0.125,0.75,0.125 1' 'record r2 0 0.25,0.25,0.5 2' 'record r3 1 0.5,0.25,0.25 0' | "$mk" >turned.lept
	for kind in mean geometric vote; do
		lep-fuse --ensemble $kind -o want a.lept b.lept
		lep-fuse --ensemble $kind a.lept turned.lept | cmp - want
	done
}

@test "ensemble: another order is found by key, and the same comes out; -v says so" {
	lep-cat --provenance none --shuffle --seed 2 -o shuffled.lept b.lept
	[ "$(lep-cat --csv shuffled.lept | sed -n 2p | cut -d, -f1)" != r1 ]
	lep-fuse --ensemble mean -o want a.lept b.lept
	run --separate-stderr lep-fuse -v --ensemble mean -o got a.lept shuffled.lept
	[ "$status" -eq 0 ]
	[[ $stderr == *"shuffled.lept: in another order than a.lept: held"* ]]
	cmp got want
	# What made all of them is told, in order.
	lep-cat --rename image=x b.lept | lep-fuse --ensemble mean a.lept - | lep-cat --note provenance |
		sed -E 's/ [0-9.]+ / /' >got
	printf '%s\n' 'lep-cat --rename image=x' 'lep-fuse --ensemble mean' | diff - got
	# In the same order keys may repeat.
	for m in a b; do lep-cat --provenance none -o "$m$m.lept" $m.lept $m.lept; done
	lep-fuse --ensemble mean aa.lept bb.lept | lep-cat --csv | wc -l | grep -qx 7
}

@test "ensemble: pipes, three streams, only outputs of the others" {
	lep-cat --provenance none --keep class --keep probability -o only.lept b.lept
	lep-fuse --ensemble mean -o want a.lept b.lept b.lept
	lep-fuse --ensemble mean <(cat a.lept) - <(gzip -c b.lept) <only.lept | cmp - want
}

@test "ensemble: one probability of two classes, and two" {
	printf '%s\n' 'field label target i32 - no|yes' 'field probability output f32 1' 'field class output i32 - no|yes' \
		'record k 1 0.75 1' | "$mk" >x.lept
	printf '%s\n' 'field probability output f32 2' 'field class output i32 - no|yes' 'record k 0.75,0.25 0' | "$mk" >y.lept
	lep-fuse --ensemble mean x.lept y.lept | lep-cat --csv >got
	printf 'key,label,probability[0],class\nk,yes,0.5,no\n' | diff - got
	lep-fuse --ensemble mean --weights 3,1 y.lept x.lept | lep-cat --csv >got
	printf 'key,probability[0],probability[1],class\nk,0.625,0.375,no\n' | diff - got
}

@test "ensemble: numbers, and sequences" {
	printf '%s\n' 'field y target f32 2' 'field prediction output f32 2' 'record k 1,2 1,4' 'record l 0,0 2,2' | "$mk" >x.lept
	printf '%s\n' 'field prediction output f32 2' 'record k 3,0' 'record l -2,6' | "$mk" >y.lept
	lep-fuse --ensemble mean x.lept y.lept | values prediction >got
	printf '[2, 2]\n[0, 4]\n' | diff - got
	# Errors (0 2) (2 2) and (2 -2) (-2 6): w'Ew with E = 12 4, 4 48 is least at w = 44/52, 8/52.
	[ "$(lep-fuse --ensemble fit x.lept y.lept)" = 0.846154,0.153846 ]
	printf '%s\n' 'field t target i32 * a|b' 'field probability output f32 *x2' 'field class output i32 * a|b' \
		'record k 0,1 1,0,0.5,0.5 0,0' 'record l - - -' | "$mk" >x.lept
	printf '%s\n' 'field t target i32 * a|b' 'field probability output f32 *x2' 'field class output i32 * a|b' \
		'record k 0,1 0.5,0.5,0,1 0,1' 'record l - - -' | "$mk" >y.lept
	lep-fuse --ensemble mean -o z.lept x.lept y.lept
	[ "$(values probability <z.lept)" = "$(printf '[[0.75, 0.25], [0.25, 0.75]]\n[]')" ]
	lep-eval z.lept | grep -q '^accuracy  *1.0000' 
}

@test "ensemble fit: shares by hand, in a command that uses them; bad and unlabelled are left out" {
	printf '%s\n' "${classes[@]}" 'record 1 0 1,0,0 0' 'record 2 1 0,1,0 1' 'record 3 2 0,0,1 2' 'record 4 0 0,1,0 1' \
		'record 5 -1 0,1,0 1' 'bad 6' | "$mk" >x.lept
	printf '%s\n' "${classes[@]}" 'record 1 0 0,1,0 1' 'record 2 1 0,0,1 2' 'record 3 2 0,1,0 1' 'record 4 0 1,0,0 0' \
		'record 5 -1 0,1,0 1' 'record 6 0 0,1,0 1' | "$mk" >y.lept
	run --separate-stderr lep-fuse -q --bad skip --ensemble fit x.lept y.lept
	[ "$status" -eq 0 ]
	[ "$output" = 0.75,0.25 ]
	[ -z "$stderr" ]
	run --separate-stderr lep-fuse -v --bad skip --ensemble fit x.lept y.lept
	[[ $stderr == *"4 cases: log loss 0.693147 with equal weights, 0.562335 with these"* ]]
	lep-fuse --bad keep --ensemble mean --weights "$(lep-fuse -q --bad skip --ensemble fit x.lept y.lept)" x.lept y.lept |
		values probability >got
	printf '%s\n' '[0.75, 0.25, 0]' '[0, 0.75, 0.25]' '[0, 0.25, 0.75]' '[0.25, 0.75, 0]' '[0, 1, 0]' bad | diff - got
	lep-fuse -q --bad skip --ensemble fit -o w.txt x.lept y.lept
	[ "$(cat w.txt)" = 0.75,0.25 ]
}

@test "ensemble: two trained models in one command, scored, and not below the better" {
	"$BUILD/tests/tools/mkdigits" d 400 200
	lep-preprocess --gray -o train.lept d/train
	lep-preprocess --like train.lept -o test.lept d/test
	lep-train -q -n digits -e 2 -o a.lepm train.lept
	lep-train -q -n mlp -e 2 -o b.lepm train.lept
	accuracy() { lep-eval --json | sed -E 's/.*"accuracy": ([0-9.]+).*/\1/'; }
	a=$(lep-infer -m a.lepm test.lept | accuracy)
	b=$(lep-infer -m b.lepm test.lept | accuracy)
	best=$(printf '%s\n' "$a" "$b" | sort -g | tail -n 1)
	lep-fuse --ensemble mean <(lep-infer -m a.lepm test.lept) <(lep-infer -m b.lepm --outputs-only test.lept) >both.lept
	lep-eval -q --require "accuracy>=$(awk -v x="$best" 'BEGIN { print x - 0.01 }')" both.lept
	for isa in portable avx2; do
		LEP_ISA=$isa LEP_THREADS=3 lep-fuse --ensemble mean <(lep-infer -m a.lepm test.lept) \
			<(lep-infer -m b.lepm --outputs-only test.lept) | cmp - both.lept
	done
}
