package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

type inner struct {
	Text   string  `json:"text"`
	Number int     `json:"number"`
	Half   float64 `json:"half"`
	On     *bool   `json:"on"`
}

type shelf struct {
	inner
	ProjectID string                     `json:"project_id"`
	Settings  json.RawMessage            `json:"settings"`
	Own       map[string]json.RawMessage `json:"own"`
	Texts     map[string]string          `json:"texts"`
	One       *inner                     `json:"one"`
	Many      []inner                    `json:"many"`
	Small     uint8                      `json:"small"`
	Count     json.Number                `json:"count"`
	Flag      flag                       `json:"flag"`
	Hidden    string                     `json:"-"`
	private   string
}

type flag bool

func (f *flag) UnmarshalJSON(raw []byte) error {
	if string(raw) == "1" {
		*f = true
		return nil
	}
	return errors.New("must be 1")
}

func TestFaultsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"text":7}`:                            "text must be a text, not a number",
		`{"text":["a"]}`:                        "text must be a text, not a list",
		`{"text":{}}`:                           "text must be a text, not an object",
		`{"text":true}`:                         "text must be a text, not true or false",
		`{"number":"7"}`:                        "number must be a number, not a text",
		`{"number":1.5}`:                        "number must be a whole number, not 1.5",
		`{"number":1e30}`:                       "number must be a whole number, not 1e30",
		`{"small":256}`:                         "small must be a whole number of 0 or more, not 256",
		`{"small":-1}`:                          "small must be a whole number of 0 or more, not -1",
		`{"on":"yes"}`:                          "on must be true or false, not a text",
		`{"one":"x"}`:                           "one must be an object, not a text",
		`{"one":[1]}`:                           "one must be an object, not a list",
		`{"own":[{}]}`:                          "own must be an object, not a list",
		`{"many":{}}`:                           "many must be a list, not an object",
		`{"many":[{},{"number":true}]}`:         "many.1.number must be a number, not true or false",
		`{"one":{"text":1,"on":2}}`:             "one.text must be a text, not a number; one.on must be true or false, not a number",
		`{"texts":{"a":1}}`:                     "texts.a must be a text, not a number",
		`{"count":[]}`:                          "count must be a number, not a list",
		`{"flag":2}`:                            "flag must be 1",
		`[1]`:                                   "must be an object, not a list",
		`"x"`:                                   "must be an object, not a text",
		`{"text":"a","text":"b"}`:               "text is there twice",
		`{"settings":{"a":{"b":1,"\u0062":2}}}`: "settings.a.b is there twice",
		`{"Text":"a"}`:                          "Text is not known: names are case-sensitive, so write text",
		`{"Project_ID":"a"}`:                    "Project_ID is not known: names are case-sensitive, so write project_id",
		"{\"\u017fettings\":{}}":                "\u017fettings is not known: names are case-sensitive, so write settings",
		`{"\u0053ettings":{}}`:                  "Settings is not known: names are case-sensitive, so write settings",
		`{"many":[{"TEXT":"a"}]}`:               "many.0.TEXT is not known: names are case-sensitive, so write text",
		`{"settings":{"x":[1e131071]}}`:         "settings.x.0 must be a number of at most 40 characters that a double can carry (up to 1.7e308)",
	} {
		var got shelf
		if err := Decode([]byte(text), &got); fmt.Sprint(err) != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", shelf{}) {
			t.Errorf("%s has left %+v behind", text, got)
		}
	}
}

func TestWhatIsFine(t *testing.T) {
	t.Parallel()
	text := `{"text":"grüß \ud83d\ude00 \\u0000","number":-3,"half":1.5e3,"on":false,"project_id":null,"settings":[],"own":[ ],"one":[],` +
		`"many":[[],{"text":"x"}],"small":255,"count":"12","flag":1,"hidden":1,"private":2,"unknown":{"Text":1},"texts":{}} `
	var got shelf
	if err := Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Text != "grüß 😀 \\u0000" || got.Number != -3 || got.Half != 1500 || *got.On || string(got.Settings) != "[]" || got.Own == nil ||
		got.One == nil || len(got.Many) != 2 || got.Many[1].Text != "x" || got.Small != 255 || got.Count != "12" || !bool(got.Flag) ||
		got.Hidden != "" || got.private != "" {
		t.Errorf("%+v", got)
	}
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	type target struct {
		A string `json:"availability_constraints"`
		B string `json:"customer"`
		C string `json:"graph"`
		D string `json:"resource_id"`
		E string `json:"what"`
	}
	also := []string{"auto_complete"}
	for name, want := range map[string]string{
		"constraints": "did you mean availability_constraints?", "custmer": "did you mean customer?", "customers": "did you mean customer?",
		"garph": "did you mean graph?", "resourceId": "did you mean resource_id?", "resource-id": "did you mean resource_id?",
		"autocomplete": "did you mean auto_complete?", "avalability_constraint": "did you mean availability_constraints?",
		"wat": "did you mean what?", "when": "", "whom": "", "notes": "", "id": "", "auto_complete": "", "x": "", "customre": "",
		"Customer": "write customer", "Auto_Complete": "write auto_complete", strings.Repeat("customer", 20): "",
	} {
		err := Rules{Unknown: RefuseMisspelt, Also: also, Skipped: []string{"customre"}}.Decode([]byte(`{"`+name+`":{}}`), &target{})
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.HasSuffix(got, want) && want != "" {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		err = Rules{Unknown: RefuseAll, Also: also}.Decode([]byte(`{"`+name+`":{}}`), &target{})
		if (err == nil) != (name == "auto_complete") {
			t.Errorf("%s where all unknown ones are refused: %v", name, err)
		}
	}
	deep := []byte(`{"customer":"x","unknown":{"custmer":1}}`)
	if err := (Rules{Unknown: RefuseMisspelt}).Decode(deep, &target{}); err != nil {
		t.Errorf("inside of what nobody knows: %v", err)
	}
	if err := (Rules{Unknown: RefuseAll}).Decode([]byte(`{"one":{"txet":1}}`), &shelf{}); err != nil {
		t.Errorf("rules are about the outermost object: %v", err)
	}
	err := (Rules{Unknown: RefuseAll, Deep: true}).Decode([]byte(`{"one":{"txet":1}}`), &shelf{})
	if got := fmt.Sprint(err); !strings.HasPrefix(got, "one.txet is not known") {
		t.Errorf("deep rules are about all objects: %v", err)
	}
}

func TestSyntax(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "line 1, column 1: there is nothing",
		" \n ":                      "line 2, column 2: there is nothing",
		"{":                         "line 1, column 2: a name in double quotes is missing: there is the end",
		`{"a":1,}`:                  "line 1, column 8: a name in double quotes is missing: there is '}'",
		"{\n  \"ä\": 1,\n  b: 2\n}": "line 3, column 3: a name in double quotes is missing: there is 'b'",
		`{"ä" 1}`:                   "line 1, column 6: a colon is missing behind the name: there is '1'",
		`{"a":1 "b":2}`:             `line 1, column 8: the object goes on with ',' or ends with '}', but there is '"'`,
		`{"a":}`:                    "line 1, column 6: a value is missing: there is '}'",
		`{"a":nul}`:                 "line 1, column 6: a value is missing: there is 'n'",
		`{"a":True}`:                "line 1, column 6: a value is missing: there is 'T'",
		`[1 2]`:                     "line 1, column 4: the list goes on with ',' or ends with ']', but there is '2'",
		`{} x`:                      "line 1, column 4: there is something behind the end of the JSON",
		`{"a":"x`:                   "line 1, column 8: a text has no closing quote",
		"{\"a\":\"x\ty\"}":          "line 1, column 8: a text holds '\\t' as it is: write it with a backslash",
		`{"a":"\x"}`:                "line 1, column 7: a backslash stands before what needs none",
		`{"a":"\u12"}`:              "line 1, column 8: \\u needs four digits of 0-9 and a-f",
		`{"a":"\u+123"}`:            "line 1, column 8: \\u needs four digits of 0-9 and a-f",
		`{"a":"\u0000"}`:            "line 1, column 13: a text holds the null character",
		`{"\u0000":1}`:              "line 1, column 9: a text holds the null character",
		`{"a":"\ud83d"}`:            "line 1, column 13: a text holds half a surrogate pair",
		`{"a":"\ude00\ud83d"}`:      "line 1, column 19: a text holds half a surrogate pair",
		`{"a":"\ud83d\n"}`:          "line 1, column 13: a text holds half a surrogate pair",
		"{\"a\":\"x\xff\"}":         "line 1, column 8: a text holds a byte that is not UTF-8",
		"{\"a\xc3\":1}":             "line 1, column 4: a text holds a byte that is not UTF-8",
		"{\"a\":\xff}":              "line 1, column 6: a value is missing: there is a byte that is not UTF-8",
		"\x00":                      "line 1, column 1: a value is missing: there is '\\x00'",
		`{"a":01}`:                  "line 1, column 7: a number begins with a zero",
		`{"a":-}`:                   "line 1, column 7: a number begins with '}'",
		`{"a":1.}`:                  "line 1, column 8: a number has no digits behind its point",
		`{"a":1e}`:                  "line 1, column 8: a number has no digits behind its exponent",
		strings.Repeat("[", 65):     "line 1, column 65: objects and lists stand more than 64 deep in each other",
	} {
		err := Check([]byte(text))
		if got := fmt.Sprint(err); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, got, want)
		}
		if _, ok := errors.AsType[*SyntaxError](err); !ok {
			t.Errorf("%q gives a %T", text, err)
		}
	}
	if err := Check([]byte(strings.Repeat("[", 64) + strings.Repeat("]", 64))); err != nil {
		t.Error(err)
	}
}

// TestNumbers holds the bound against what a double and a database make of a number.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, fine := range []string{
		"0", "-0", "1.5", "1e308", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "-1E+2", "0.1", "12345678901234567890",
		"0.30000000000000004", "1e-300", "1e-397", "0e397", "-0e397", strings.Repeat("9", 40), "-" + strings.Repeat("9", 39), "0." + strings.Repeat("1", 38),
		"1." + strings.Repeat("0", 34) + "e308", "1e" + strings.Repeat("0", 35) + "308", "-1e-" + strings.Repeat("0", 33) + "308", // 40 characters each
	} {
		if err := Check([]byte(`{"a":[` + fine + `]}`)); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
	for _, bad := range []string{
		"1e131071", "1E131071", "1e309", "-1e309", "1e+400", "1e-131071", "1e-16383", "0e131071", "0e-16383", "0.0e-500", "1e99999999999999999999",
		"1e-99999999999999999999", strings.Repeat("9", 41), "0." + strings.Repeat("0", 40), "1e-401", "1e-398", "0e398", "1.7976931348623159e308",
		"-" + strings.Repeat("9", 40), "1." + strings.Repeat("0", 35) + "e308", "1e000000000000000000000000000000000000000001",
	} {
		if err := Check([]byte(`{"a":[` + bad + `]}`)); err == nil || !strings.HasPrefix(err.Error(), "a.0 must be a number of at most") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestStoredSize(t *testing.T) {
	t.Parallel()
	for text, most := range map[string]int{
		`{"a":"1e308 \" 1e308","b":true}`: len(`{"a":"1e308 \" 1e308","b":true}`), `[1e308,-1e-307]`: 640, `{"1e308":1}`: 13, `[12,3.5]`: 12, `[]`: 2,
	} {
		if got := StoredSize([]byte(text)); got > most || got < len(text) || strings.Contains(text, "[1e308") && got < 600 {
			t.Errorf("%s: %d, want at most %d", text, got, most)
		}
	}
}

func TestFewFaultsAreTold(t *testing.T) {
	t.Parallel()
	text := `{"many":[` + strings.Repeat(`{"text":1},`, 1000) + `{"text":1}],"` + strings.Repeat("ü", 1000) + `":1e999}`
	err := Decode([]byte(text), &shelf{})
	if faults, ok := errors.AsType[Faults](err); !ok || len(faults) != maxFaults || len(err.Error()) > 2000 {
		t.Errorf("%v", err)
	}
	if got := shown(strings.Repeat("ü", 1000)); got != strings.Repeat("ü", 40)+"…" || shown("name") != "name" {
		t.Errorf("shown as %s", got)
	}
}

// FuzzAgainstEncodingJSON: what passes here, encoding/json takes too, and reads the same; what it refuses, is refused here.
func FuzzAgainstEncodingJSON(f *testing.F) {
	for _, seed := range []string{
		`{"text":"a","many":[{"number":1}],"own":[],"settings":{"a":[1,2.5e3,"\u00e4\ud83d\ude00"]}}`, `[]`, `{"one":[ ]}`, `nul`, `{"a":"\ud800"}`,
		"{\"a\":\"\xff\"}", `{"Text":1}`, `[[[[[]]]]]`, `-0.0e-1`, `{"a":1,"a":2}`, ` true `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if Check(text) == nil && !json.Valid(text) {
			t.Errorf("%q passes", text)
		}
		var strict shelf
		if Decode(text, &strict) != nil {
			return
		}
		var loose any
		if err := json.Unmarshal(text, &loose); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		fields, _ := loose.(map[string]any)
		if value, ok := fields["text"].(string); strict.Text != value && ok {
			t.Errorf("%q is read as %q", text, strict.Text)
		}
	})
}
