package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// source is one Go file of the house.
type source struct {
	path  string // from the root: "book/apply.go"
	pkg   string // its folder: "book"
	test  bool
	lines int
	width int // columns of the widest line
	fset  *token.FileSet
	ast   *ast.File
}

func parse(name string, src []byte) (source, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments)
	s := source{
		path: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), fset: fset, ast: f,
	}
	for line := range bytes.Lines(src) {
		s.lines++
		tabs := bytes.Count(line, []byte("\t"))
		s.width = max(s.width, utf8.RuneCount(bytes.TrimRight(line, "\n"))+tabs*(tabWidth-1))
	}
	return s, err
}

// imports returns the paths that s imports.
func (s *source) imports() []string {
	var paths []string
	for _, i := range s.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

// uses calls f with every name that s takes from the package imported as path.
func (s *source) uses(path string, f func(*ast.SelectorExpr)) {
	local := ""
	for _, i := range s.ast.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == path {
			local = strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], "-go")
			if i.Name != nil {
				local = i.Name.Name
			}
		}
	}
	if local == "" {
		return
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				f(sel)
			}
		}
		return true
	})
}

// at returns "book/apply.go:12" for a node of s.
func (s *source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

// tree parses every Go file of the module, once.
func tree(t *testing.T) []source {
	t.Helper()
	files, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("found only %d files below the root", len(files))
	}
	return files
}

var load = sync.OnceValues(func() ([]source, error) {
	const root = "../.."
	var files []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if skipped(root, rel) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s, err := parse(rel, src)
		files = append(files, s)
		return err
	})
	return files, err
})

// skipped reports folders that are no part of the module.
func skipped(root, rel string) bool {
	base := path.Base(rel)
	if rel == "." {
		return false
	}
	_, err := os.Stat(filepath.Join(root, rel, "go.mod"))
	return err == nil || base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

// match reports whether a pattern names pkg.
func match(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == below || strings.HasPrefix(pkg, below+"/")
	}
	return pattern == pkg
}

// scope notes which of some patterns matched a package.
type scope struct {
	patterns []string
	used     map[string]bool
}

func newScope(patterns []string) *scope { return &scope{patterns, make(map[string]bool)} }

// holds reports whether pkg is in scope.
func (s *scope) holds(pkg string) bool {
	found := false
	for _, p := range s.patterns {
		if match(p, pkg) {
			s.used[p], found = true, true
		}
	}
	return found
}

// unused returns a sentence for each pattern that matched nothing.
func (s *scope) unused(what string) []string {
	var out []string
	for _, p := range s.patterns {
		if !s.used[p] {
			out = append(out, what+" "+p)
		}
	}
	return out
}
