package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completing is the hidden word with which a shell asks what may come next; what follows are
// the words so far, the one that is being typed last.
const completing = "__complete"

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is printed below the flags.
func (completionCmd) Help() string {
	return `bash:  messenger-bridge completion bash > /etc/bash_completion.d/messenger-bridge

zsh:   messenger-bridge completion zsh > "${fpath[1]}/_messenger-bridge"

fish:  messenger-bridge completion fish > ~/.config/fish/completions/messenger-bridge.fish`
}

func (c completionCmd) Run(std Stdio) error {
	return std.say(map[string]string{"shell": c.Shell, "script": scripts[c.Shell]}, "%s", scripts[c.Shell])
}

// scripts ask the program itself, so that they are as new as it is. A line is a word, a tab and
// what it means; the line of files asks for names of files.
var scripts = map[string]string{
	"bash": `# bash completion for messenger-bridge
_messenger_bridge() {
    local word rest
    COMPREPLY=()
    while IFS=$'\t' read -r word rest; do
        if [[ $word == :files ]]; then
            COMPREPLY+=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
        else
            COMPREPLY+=("$word")
        fi
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o filenames -F _messenger_bridge messenger-bridge
`,
	"zsh": `#compdef messenger-bridge
_messenger_bridge() {
    local word rest
    local -a found
    while IFS=$'\t' read -r word rest; do
        if [[ $word == :files ]]; then
            _files
        else
            found+=("${word//:/\\:}:$rest")
        fi
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#found} )) && _describe 'messenger-bridge' found
}
compdef _messenger_bridge messenger-bridge
`,
	"fish": `# fish completion for messenger-bridge
function __messenger_bridge
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c messenger-bridge -f -a '(__messenger_bridge)'
`,
}

// complete writes what may stand in the place of the last word.
func complete(w io.Writer, node *kong.Node, words []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	before, typed := words[:len(words)-1], words[len(words)-1]
	if len(before) > 0 && before[0] == "help" {
		before = before[1:]
	}
	arguments := 0
	var awaited *kong.Flag // whose value comes next
	for _, word := range before {
		switch child := childOf(node, word); {
		case awaited != nil:
			awaited = nil
		case strings.HasPrefix(word, "-"):
			awaited = valueOf(node, word)
		case child != nil:
			node, arguments = child, 0
		default:
			arguments++
		}
	}
	for _, line := range candidates(node, awaited, arguments, typed) {
		if line == ":files" || strings.HasPrefix(line, typed) {
			fmt.Fprintln(w, line)
		}
	}
}

// candidates are the words that may come next, each with a tab and its meaning.
func candidates(node *kong.Node, awaited *kong.Flag, arguments int, typed string) (all []string) {
	switch {
	case awaited != nil && awaited.Enum != "":
		return strings.Split(strings.Trim(awaited.Enum, ","), ",")
	case awaited != nil:
		return []string{":files"}
	case strings.HasPrefix(typed, "-"):
		for _, group := range node.AllFlags(true) {
			for _, f := range group {
				all = append(all, "--"+f.Name+"\t"+f.Help)
			}
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	for _, child := range node.Children {
		if !child.Hidden {
			all = append(all, child.Name+"\t"+child.Help)
		}
	}
	if node.Parent == nil {
		all = append(all, "help\tShow how a command is used.")
	}
	if arguments < len(node.Positional) {
		argument := node.Positional[arguments]
		switch {
		case argument.Enum != "":
			all = append(all, strings.Split(strings.Trim(argument.Enum, ","), ",")...)
		case argument.Name == "file":
			all = append(all, ":files")
		}
	}
	return all
}

func childOf(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == word {
			return child
		}
	}
	return nil
}

// valueOf returns the flag if it takes a value that is a word of its own.
func valueOf(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name && !f.IsBool() {
				return f
			}
		}
	}
	return nil
}
