# make demo [DATA=file.csv]: from a bare Debian machine to margins; the server stays until demo-stop.
demo:
	@demo/start.sh $(if $(DATA),'$(DATA)')
demo-stop:
	@demo/stop.sh
.PHONY: demo-stop
