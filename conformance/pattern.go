package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A pattern is JSON that a value must have in it. In its strings "*" is anything, "!" nothing,
// "@number" a kind, "~text" a part, "/x/" an expression, "!=x" another value, "&name" anything,
// which is kept as a variable, "=name" the same again. An object beside a list looks into it: "#" is its length, "0" an
// element, "last" the last, "any", "all" and "none" speak of its elements; "keys" beside an object names all its
// members.

// mismatch is where a value is not as a pattern says. Its text holds nothing of the value.
type mismatch struct {
	where string
	want  string
	came  any
}

func (m *mismatch) Error() string { return fmt.Sprintf("%s is not %s", m.where, m.want) }

// match compares a value with a pattern and keeps what the pattern names.
func match(pattern, value any, vars map[string]string, where string) *mismatch {
	wrong := &mismatch{where: where, want: asJSON(pattern), came: value}
	switch p := pattern.(type) {
	case string:
		if !matchText(p, value, vars) {
			return wrong
		}
		return nil
	case map[string]any:
		switch v := value.(type) {
		case map[string]any:
			return matchObject(p, v, vars, where)
		case []any:
			return matchList(p, v, vars, where)
		}
		return wrong
	case []any:
		v, ok := value.([]any)
		if !ok || len(v) != len(p) {
			return wrong
		}
		for i := range p {
			if m := match(p[i], v[i], vars, where+"."+strconv.Itoa(i)); m != nil {
				return m
			}
		}
		return nil
	}
	if pattern != value {
		return wrong
	}
	return nil
}

func matchObject(p, v map[string]any, vars map[string]string, where string) *mismatch {
	for _, key := range slices.Sorted(maps.Keys(p)) {
		if key == "keys" {
			want := strings.Fields(fmt.Sprint(p[key]))
			if slices.Sort(want); !slices.Equal(want, slices.Sorted(maps.Keys(v))) {
				return &mismatch{where + " keys", asJSON(p[key]), slices.Sorted(maps.Keys(v))}
			}
			continue
		}
		if m := match(p[key], v[key], vars, strings.TrimPrefix(where+"."+key, ".")); m != nil {
			return m
		}
	}
	return nil
}

func matchList(p map[string]any, v []any, vars map[string]string, where string) *mismatch {
	for _, key := range slices.Sorted(maps.Keys(p)) {
		wrong := &mismatch{where + " " + key, asJSON(p[key]), v}
		fits := 0
		for _, element := range v {
			if match(p[key], element, vars, where) == nil {
				fits++
			}
		}
		i, err := strconv.Atoi(key)
		switch {
		case key == "#" && p[key] != float64(len(v)),
			key == "any" && fits == 0,
			key == "all" && fits != len(v),
			key == "none" && fits > 0,
			err == nil && i >= len(v):
			return wrong
		case key == "last" && len(v) == 0:
			return wrong
		case key == "last":
			if m := match(p[key], v[len(v)-1], vars, where+".last"); m != nil {
				return m
			}
		case err == nil:
			if m := match(p[key], v[i], vars, where+"."+key); m != nil {
				return m
			}
		}
	}
	return nil
}

func matchText(p string, value any, vars map[string]string) bool {
	text, isText := value.(string)
	kind, ofKind := strings.CutPrefix(p, "@")
	part, ofPart := strings.CutPrefix(p, "~")
	other, differs := strings.CutPrefix(p, "!=")
	name, named := strings.CutPrefix(p, "&")
	switch {
	case p == "*":
		return value != nil
	case p == "!":
		return value == nil
	case kind == "in90days":
		ms, ok := value.(float64)
		return ok && time.Until(time.UnixMilli(int64(ms))).Round(24*time.Hour) == 90*24*time.Hour
	case ofKind && kindOf(kind) != "":
		return kindOf(kind) == fmt.Sprintf("%T", value)
	case ofPart:
		return isText && strings.Contains(text, part)
	case differs:
		return text != other
	case strings.HasPrefix(p, "="):
		return text == vars[p[1:]]
	case named:
		vars[name] = asText(value)
		return value != nil
	case len(p) > 2 && p[0] == '/' && p[len(p)-1] == '/' && !strings.HasPrefix(p, "/file"):
		ok, err := regexp.MatchString(p[1:len(p)-1], text)
		return isText && err == nil && ok
	}
	return isText && text == p
}

func kindOf(name string) string {
	return map[string]string{"string": "string", "number": "float64", "bool": "bool", "list": "[]interface {}", "object": "map[string]interface {}"}[name]
}

func asText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return asJSON(value)
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "?"
	}
	return string(text)
}
