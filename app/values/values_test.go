package values

import "testing"

func TestNeighbour_OfSlips_ButNotOfOthersNames(t *testing.T) {
	known := []string{"FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET", "ROCKETCHAT_URL", "ROCKETCHAT_USER", "ROCKETCHAT_USER_ID", "LISTEN", "LANGUAGE",
		"DATABASE", "LOG_LEVEL", "TIMEZONE", "PUBLIC_URL", "BOT_USERS", "COMMANDS_SECRET", "COMMAND_USERS"}
	for name, want := range map[string]string{
		"FACEBOOK_AP_ID": "FACEBOOK_APP_ID", "FACEBOOK_APPID": "FACEBOOK_APP_ID", "facebook_app_id": "FACEBOOK_APP_ID", "FACEBOKO_APP_ID": "FACEBOOK_APP_ID",
		"FB_APP_ID": "FACEBOOK_APP_ID", "ROCKET_CHAT_URL": "ROCKETCHAT_URL", "RC_USER_ID": "ROCKETCHAT_USER_ID", "LOGLEVEL": "LOG_LEVEL", "LISTENS": "LISTEN",
		"TIME_ZONE": "TIMEZONE", "COMMAND_SECRET": "COMMANDS_SECRET", "FACEBOOK-APP-SECRET": "FACEBOOK_APP_SECRET",
		"LISTEN_FDS": "", "LISTEN_PID": "", "LANG": "", "DATABASE_URL": "", "USER": "", "HOME": "", "PATH": "", "LISTEN": "", "TZ": "", "LOGNAME": "", "HOST": "",
		"FACEBOOK_PIXEL_ID": "", "LC_ALL": "", "PUBLIC_IP": "", "LESSOPEN": "", "NODE_ENV": "", "LISTEN_FDNAMES": "",
	} {
		if got := Neighbour(name, known); got != want {
			t.Errorf("%s stands for %q, not for %q", name, want, got)
		}
	}
}

func TestChecks_OfOddValues(t *testing.T) {
	for _, c := range []struct {
		what  string
		check func(string) string
		good  []string
		bad   []string
	}{
		{"URL", URL, []string{"https://chat.example.org", "http://127.0.0.1:3000", "https://[::1]:8443/bridge", "https://bücher.example", "http://rocket_chat:3000"},
			[]string{"chat.example.org", "ftp://chat.example.org", "https://", "https://a b", "https://u:p@chat.example.org", "https://chat.example.org:99999", "https://chat.example.org:0",
				"https://chat..example", "https://-x.example", "https://300.1.2.3", "https://chat.example.org?x=1", "https://chat.example.org#a"}},
		{"Address", Address, []string{":8080", "127.0.0.1:0", "[::]:80", "localhost:http", "0.0.0.0:65535"},
			[]string{"8080", "localhost", ":", ":99999", ":web-of-mine", "::1:80", "http://localhost:80", "127.0.0.300:80", "a b:80"}},
		{"Domain", Domain, []string{"fbcdn.net", "", " fbsbx.com ", "http://127.0.0.1:8099", ".fbcdn.net"},
			[]string{"*.fbcdn.net", "fbcdn.net/", "fbcdn.net:443", "https://fbcdn.net/v", "fb cdn.net", "ftp://fbcdn.net"}},
		{"Number", Number, []string{"900800700600500"}, []string{"", "abc", "12 34", "1,2", "-1"}},
		{"Version", Version, []string{"v26.0"}, []string{"26.0", "v26", "26", "vX.Y", "v26.0/"}},
		{"Name", Name, []string{"omnichannel-facebook-setup", "bridge.bot"}, []string{"#setup", "@bot", "two words"}},
	} {
		for _, v := range c.good {
			if got := c.check(v); got != "" {
				t.Errorf("%s: %q %s", c.what, v, got)
			}
		}
		for _, v := range c.bad {
			if c.check(v) == "" {
				t.Errorf("%s: %q passes", c.what, v)
			}
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		one, other string
		want       bool
	}{{":8080", ":8080", true}, {":9090", "127.0.0.1:9090", true}, {"[::]:9090", "127.0.0.1:9090", true}, {"127.0.0.1:9090", "127.0.0.2:9090", false}, {":0", ":0", false}, {":1", ":2", false}} {
		if got := Overlap(c.one, c.other); got != c.want {
			t.Errorf("%s and %s: %t", c.one, c.other, got)
		}
	}
}
