package house

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// checkFloors finds imports of ours that no floor allows. Tests may look
// anywhere.
func checkFloors(files []source, floors []floor) (broken, unused []string) {
	used := make(map[string]bool) // "pkg" and "pkg may"
	for i := range files {
		s := &files[i]
		if s.test {
			continue
		}
		f := slices.IndexFunc(floors, func(f floor) bool { return match(f.pkg, s.pkg) })
		if f < 0 {
			broken = append(broken, s.pkg+" has no floor: give it one in rules_test.go and ARCHITECTURE.md")
			continue
		}
		used[floors[f].pkg] = true
		for _, imp := range s.imports() {
			ours, ok := strings.CutPrefix(imp, module+"/")
			if !ok {
				continue
			}
			may := strings.Fields(floors[f].may)
			allowed := slices.IndexFunc(may, func(p string) bool { return match(p, ours) })
			if allowed < 0 {
				broken = append(broken, fmt.Sprintf("%s: %s may not import %s", s.path, s.pkg, ours))
				continue
			}
			used[floors[f].pkg+" "+may[allowed]] = true
		}
	}
	for _, f := range floors {
		if f.pkg == "internal/house" { // tests only
			continue
		}
		if !used[f.pkg] {
			unused = append(unused, "floor of "+f.pkg)
			continue
		}
		for _, m := range strings.Fields(f.may) {
			if !used[f.pkg+" "+m] {
				unused = append(unused, f.pkg+" may import "+m)
			}
		}
	}
	return broken, unused
}

// checkOwners finds imports of a library by others than its owners.
func checkOwners(files []source, owners []owner) (broken, unused []string) {
	for _, o := range owners {
		pkgs := newScope(strings.Fields(o.pkgs))
		for i := range files {
			s := &files[i]
			if slices.Contains(s.imports(), o.library) && !pkgs.holds(s.pkg) {
				broken = append(broken, fmt.Sprintf("%s: %s belongs to %s", s.path, o.library, o.pkgs))
			}
		}
		unused = append(unused, pkgs.unused("owner of "+o.library+":")...)
	}
	return broken, unused
}

// checkBans finds banned imports, tests apart.
func checkBans(files []source, core, banned []string) (broken, unused []string) {
	in := newScope(core)
	for i := range files {
		s := &files[i]
		if s.test || !in.holds(s.pkg) {
			continue
		}
		for _, imp := range s.imports() {
			for _, b := range banned {
				if match(b+"/...", imp) {
					broken = append(broken, fmt.Sprintf("%s: the core may not import %s", s.path, imp))
				}
			}
		}
	}
	return broken, in.unused("core")
}

// clock are the names of package time that read or wait for the clock.
var clock = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick",
}

// checkClock finds uses of the clock, tests apart.
func checkClock(files []source, clockless []string) (broken, unused []string) {
	in := newScope(clockless)
	for i := range files {
		s := &files[i]
		if s.test || !in.holds(s.pkg) {
			continue
		}
		s.uses("time", func(sel *ast.SelectorExpr) {
			if slices.Contains(clock, sel.Sel.Name) {
				broken = append(broken, fmt.Sprintf("%s: time.%s where time is an argument", s.at(sel), sel.Sel.Name))
			}
		})
	}
	return broken, in.unused("no clock in")
}

// checkFloats finds the types float64 and float32, tests apart.
func checkFloats(files []source, floatless []string, except []exception) (broken, unused []string) {
	in, out := newScope(floatless), newScope(whats(except))
	for i := range files {
		s := &files[i]
		if s.test || !in.holds(s.pkg) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if ok && (id.Name == "float64" || id.Name == "float32") && !out.holds(s.pkg) {
				broken = append(broken, fmt.Sprintf("%s: %s where numbers are money", s.at(id), id.Name))
			}
			return true
		})
	}
	return broken, append(in.unused("no floats in"), out.unused("floats in")...)
}

func whats(es []exception) []string {
	var out []string
	for _, e := range es {
		out = append(out, e.what)
	}
	return out
}

// checkKafka finds writers, readers and connections made by others than the
// broker, tests apart. Their types may stand anywhere.
func checkKafka(files []source, makers []string) (broken, unused []string) {
	in := newScope(makers)
	for i := range files {
		s := &files[i]
		if s.test || !slices.Contains(s.imports(), kafkaPath) || in.holds(s.pkg) {
			continue
		}
		made := make(map[ast.Expr]bool) // types that a literal or new makes a value of
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				made[n.Type] = true
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "new" && len(n.Args) == 1 {
					made[n.Args[0]] = true
				}
			}
			return true
		})
		s.uses(kafkaPath, func(sel *ast.SelectorExpr) {
			if name := sel.Sel.Name; reaches(name) || made[sel] && connects(name) {
				broken = append(broken, fmt.Sprintf("%s: kafka.%s is made by package broker only", s.at(sel), name))
			}
		})
	}
	return broken, in.unused("makes Kafka connections:")
}

// reaches reports functions of kafka-go that make what connects.
func reaches(name string) bool {
	return strings.HasPrefix(name, "Dial") && name != "Dialer" || strings.HasPrefix(name, "NewConn") ||
		strings.HasPrefix(name, "Lookup") ||
		slices.Contains([]string{"NewWriter", "NewReader", "NewConsumerGroup"}, name)
}

// connects reports types of kafka-go that connect once they exist.
func connects(name string) bool {
	return slices.Contains([]string{"Writer", "Reader", "Conn", "Client", "Dialer", "Transport"}, name)
}

// checkLengths finds files, and outside tests functions and lines, that are too
// long.
func checkLengths(files []source, longer []exception) (broken, unused []string) {
	except := newScope(whats(longer))
	long := func(what, text string, n, most int) {
		if n > most && !except.holds(what) {
			broken = append(broken, fmt.Sprintf("%s: %d, at most %d", text, n, most))
		}
	}
	for i := range files {
		s := &files[i]
		long(s.path, "lines of file "+s.path, s.lines, maxFile)
		if s.test {
			continue
		}
		long(s.path+":width", s.path+": widest line", s.width, maxLine)
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
				long(s.path+":"+f.Name.Name, s.at(f)+": lines of function "+f.Name.Name, lines, maxFunc)
			}
		}
	}
	return broken, except.unused("longer:")
}

// checkFolders finds folders whose names say nothing.
func checkFolders(files []source) (broken []string) {
	for _, pkg := range packages(files) {
		for _, part := range strings.Split(pkg, "/") {
			if slices.Contains(anything, part) {
				broken = append(broken, fmt.Sprintf("folder %s: %q says nothing about what is inside", pkg, part))
			}
		}
	}
	return broken
}

// checkComments finds packages that do not say what they are.
func checkComments(files []source) (broken []string) {
	said := make(map[string]bool)
	for i := range files {
		s := &files[i]
		name := s.ast.Name.Name
		if name == "main" {
			name = path.Base(s.pkg)
		}
		text := s.ast.Doc.Text()
		if strings.HasPrefix(text, "Package "+name+" ") || strings.HasPrefix(text, "Command "+name+" ") {
			said[s.pkg] = true
		}
	}
	for _, pkg := range packages(files) {
		if !said[pkg] {
			broken = append(broken, "package "+pkg+" has no package comment")
		}
	}
	return broken
}

// packages returns the folders of files, each once.
func packages(files []source) []string {
	var out []string
	for i := range files {
		if !slices.Contains(out, files[i].pkg) {
			out = append(out, files[i].pkg)
		}
	}
	return out
}
