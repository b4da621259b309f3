package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// house is what was read of the source.
type house struct {
	functions  []int          // lines of each function
	files      map[string]int // lines of each file
	packages   map[string]int // of each package, by folder, in all its files
	methods    map[string]int // of each type, by folder and name
	config     map[string]int // fields of each type that holds configuration
	interfaces map[string]int // methods that each interface declares itself
	comments   int            // lines that are nothing but comment
	lines      int
	tested     map[string]bool     // folders with tests
	imports    map[string][]string // of each folder, tests included or not
	tests      map[string][]string // what tests of a folder import
}

// read parses all Go files below a folder but for what tests hold as data.
func read(root string) (*house, error) {
	h := &house{files: map[string]int{}, packages: map[string]int{}, methods: map[string]int{}, config: map[string]int{},
		interfaces: map[string]int{}, tested: map[string]bool{}, imports: map[string][]string{}, tests: map[string][]string{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "node_modules" || name != "." && strings.HasPrefix(name, ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return h.file(path, filepath.ToSlash(rel))
	})
	return h, err
}

func (h *house) file(path, rel string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, content, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("read %s: %w", rel, err)
	}
	folder := filepath.ToSlash(filepath.Dir(rel))
	var imports []string
	for _, i := range f.Imports {
		imports = append(imports, strings.Trim(i.Path.Value, `"`))
	}
	if strings.HasSuffix(rel, "_test.go") {
		h.tested[folder] = true
		h.tests[folder] = append(h.tests[folder], imports...)
		return nil
	}
	h.imports[folder] = append(h.imports[folder], imports...)
	h.count(rel, folder, string(content))
	line := func(p token.Pos) int { return set.Position(p).Line }
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			h.functions = append(h.functions, line(d.End())-line(d.Pos())+1)
			if d.Recv != nil {
				h.methods[folder+"."+receiver(d.Recv.List[0].Type)]++
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if t, is := s.(*ast.TypeSpec); is {
					h.typ(folder, t)
				}
			}
		}
	}
	return nil
}

func (h *house) count(rel, folder, content string) {
	lines := strings.Split(strings.TrimRight(content, "\n"), "\n")
	h.files[rel] = len(lines)
	h.packages[folder] += len(lines)
	h.lines += len(lines)
	for _, l := range lines {
		if strings.HasPrefix(strings.TrimSpace(l), "//") {
			h.comments++
		}
	}
}

// receiver returns the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func (h *house) typ(folder string, t *ast.TypeSpec) {
	name := folder + "." + t.Name.Name
	switch of := t.Type.(type) {
	case *ast.InterfaceType:
		for _, m := range of.Methods.List {
			h.interfaces[name] += len(m.Names)
		}
	case *ast.StructType:
		if !strings.HasSuffix(t.Name.Name, "Config") && t.Name.Name != "Options" {
			return
		}
		for _, f := range of.Fields.List {
			h.config[name] += max(len(f.Names), 1)
		}
	}
}
