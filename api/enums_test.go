package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// enums says where the words of each enum of the document stand in the code: a file
// and a name in it, for the words of all that is declared with it, or of the function;
// "+word" and "-word" are one more and one less.
var enums = map[string]string{
	"Problem.reason":     "engine/route/refuse.go:Disconnected",
	"ConfidenceReason":   "confidence/facts/teller.go:NoTable",
	"BookState":          "book/book.go:stateNames",
	"LeftOut.reason":     "book/book.go:stateNames graph/state.go:WhyEmpty api/show.go:whyNot",
	"OfferState":         "market/offer.go:custodyNames graph/state.go:WhyEmpty -custody +halted",
	"strategy":           "engine/preset.go:presets",
	"PriceItem.strategy": "engine/preset.go:presets",
	"Price.status":       "api/show.go:status",
	"Price.kind":         "+indicative",
	"Fee.kind":           "+venue",
	"Use.side":           "engine/plan/plan.go:Action",
	"Hop.side":           "engine/plan/plan.go:Action",
	"Decision.side":      "engine/plan/plan.go:Action",
	"Side.side":          "engine/plan/plan.go:Action",
	"Tier.mode":          "+whole +slice",
	"Health.status":      "api/health.go:livez api/health.go:readyz -shutdown",
}

// TestEnumsAreThoseOfTheCode: the document has each word that the code can answer
// with, and no other.
func TestEnumsAreThoseOfTheCode(t *testing.T) {
	seen := map[string]bool{}
	for name, words := range enumsOf("", document(t, newWorld(t, nil))) {
		from, ok := enums[name]
		if !ok {
			t.Errorf("where the words of %s stand in the code is not known here", name)
			continue
		}
		seen[name] = true
		if want := wordsFrom(t, from); !slices.Equal(words, want) {
			t.Errorf("%s has %v in the document, %v in the code", name, words, want)
		}
	}
	for name := range enums {
		if !seen[name] {
			t.Errorf("the document has no enum %s", name)
		}
	}
}

// enumsOf are the enums in a part of the document, by what they stand at.
func enumsOf(name string, v any) map[string][]string {
	all := map[string][]string{}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			maps.Copy(all, enumsOf(name, e))
		}
	case object:
		if n, ok := v["name"].(string); ok && v["in"] != nil {
			name = n
		}
		if list, ok := v["enum"].([]any); ok {
			for _, e := range list {
				all[name] = append(all[name], e.(string))
			}
			slices.Sort(all[name])
			return all
		}
		for k, e := range v {
			switch k {
			case "properties", "schema", "items", "allOf":
				k = name
			default:
				k = strings.TrimPrefix(name+"."+k, ".")
			}
			maps.Copy(all, enumsOf(strings.TrimPrefix(k, "components.schemas."), e))
		}
	}
	return all
}

func wordsFrom(t *testing.T, from string) (words []string) {
	t.Helper()
	for _, f := range strings.Fields(from) {
		file, name, ok := strings.Cut(f, ":")
		switch {
		case ok:
			words = append(words, wordsAt(t, "../"+file, name)...)
		case f[0] == '+':
			words = append(words, f[1:])
		default:
			words = slices.DeleteFunc(words, func(w string) bool { return w == f[1:] })
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

var word = regexp.MustCompile(`^[a-z_]+$`)

// wordsAt are the words in the declaration of a name: of a block of constants, a
// variable, a function, or the String of a type.
func wordsAt(t *testing.T, file, name string) (words []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if !declares(d, name) {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && word.MatchString(s) {
					words = append(words, s)
				}
			}
			return true
		})
	}
	if len(words) == 0 {
		t.Errorf("%s has no words at %s", file, name)
	}
	return words
}

func declares(d ast.Decl, name string) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && d.Name.Name == "String" {
			of, ok := d.Recv.List[0].Type.(*ast.Ident)
			return ok && of.Name == name
		}
		return d.Name.Name == name
	case *ast.GenDecl:
		return slices.ContainsFunc(d.Specs, func(s ast.Spec) bool {
			v, ok := s.(*ast.ValueSpec)
			return ok && slices.ContainsFunc(v.Names, func(n *ast.Ident) bool { return n.Name == name })
		})
	}
	return false
}
